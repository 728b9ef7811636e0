/*
 * Source: reference admin-api.md 8.1 (numbers, names, addresses) and 8.2 (models), which give what
 * the original of April 2025 ships. The lists only pre-fill forms; operators edit them.
 */
#include "api/channel_types.h"

static const struct channel_type types[] = {
    {0, STR_INIT("unknown"), STR_INIT(""), STR_INIT(""), false, STR_INIT("")},
    {1, STR_INIT("OpenAI"), STR_INIT("https://api.openai.com"), STR_INIT("openai"), true,
     STR_INIT("gpt-3.5-turbo,gpt-3.5-turbo-0613,gpt-3.5-turbo-1106,gpt-3.5-turbo-0125,"
              "gpt-3.5-turbo-16k,gpt-3.5-turbo-16k-0613,gpt-3.5-turbo-instruct,gpt-4,"
              "gpt-4-0613,gpt-4-1106-preview,gpt-4-0125-preview,gpt-4-32k,gpt-4-32k-0613,"
              "gpt-4-turbo-preview,gpt-4-turbo,gpt-4-turbo-2024-04-09,gpt-4-vision-preview,"
              "chatgpt-4o-latest,gpt-4o,gpt-4o-2024-05-13,gpt-4o-2024-08-06,"
              "gpt-4o-2024-11-20,gpt-4o-mini,gpt-4o-mini-2024-07-18,gpt-4.5-preview,"
              "gpt-4.5-preview-2025-02-27,o1-preview,o1-preview-2024-09-12,o1-mini,"
              "o1-mini-2024-09-12,o3-mini,o3-mini-2025-01-31,o3-mini-high,"
              "o3-mini-2025-01-31-high,o3-mini-low,o3-mini-2025-01-31-low,o3-mini-medium,"
              "o3-mini-2025-01-31-medium,o1,o1-2024-12-17,gpt-4o-audio-preview,"
              "gpt-4o-audio-preview-2024-10-01,gpt-4o-realtime-preview,"
              "gpt-4o-realtime-preview-2024-10-01,gpt-4o-realtime-preview-2024-12-17,"
              "gpt-4o-mini-realtime-preview,gpt-4o-mini-realtime-preview-2024-12-17,"
              "text-embedding-ada-002,text-embedding-3-small,text-embedding-3-large,"
              "text-curie-001,text-babbage-001,text-ada-001,text-moderation-latest,"
              "text-moderation-stable,text-davinci-edit-001,davinci-002,babbage-002,dall-e-3,"
              "whisper-1,tts-1,tts-1-1106,tts-1-hd,tts-1-hd-1106")},
    {2, STR_INIT("Midjourney Proxy"), STR_INIT("https://oa.api2d.net"), STR_INIT(""), false,
     STR_INIT("")},
    {3, STR_INIT("Azure OpenAI"), STR_INIT(""), STR_INIT(""), false, STR_INIT("")},
    {4, STR_INIT("Ollama"), STR_INIT("http://localhost:11434"), STR_INIT("ollama"), true,
     STR_INIT("llama3-7b")},
    {5, STR_INIT("Midjourney Proxy Plus"), STR_INIT("https://api.openai-sb.com"), STR_INIT(""),
     false, STR_INIT("")},
    {6, STR_INIT("OpenAIMax"), STR_INIT("https://api.openaimax.com"), STR_INIT(""), false,
     STR_INIT("")},
    {7, STR_INIT("OhMyGPT"), STR_INIT("https://api.ohmygpt.com"), STR_INIT(""), false,
     STR_INIT("")},
    {8, STR_INIT("Custom"), STR_INIT(""), STR_INIT(""), false, STR_INIT("")},
    {9, STR_INIT("AILS"), STR_INIT("https://api.caipacity.com"), STR_INIT(""), false, STR_INIT("")},
    {10, STR_INIT("AIProxy"), STR_INIT("https://api.aiproxy.io"), STR_INIT(""), false,
     STR_INIT("")},
    {11, STR_INIT("PaLM"), STR_INIT(""), STR_INIT("google palm"), true, STR_INIT("PaLM-2")},
    {12, STR_INIT("API2GPT"), STR_INIT("https://api.api2gpt.com"), STR_INIT(""), false,
     STR_INIT("")},
    {13, STR_INIT("AIGC2D"), STR_INIT("https://api.aigc2d.com"), STR_INIT(""), false, STR_INIT("")},
    {14, STR_INIT("Anthropic"), STR_INIT("https://api.anthropic.com"), STR_INIT("claude"), true,
     STR_INIT("claude-instant-1.2,claude-2,claude-2.0,claude-2.1,claude-3-sonnet-20240229,"
              "claude-3-opus-20240229,claude-3-haiku-20240307,claude-3-5-haiku-20241022,"
              "claude-3-5-sonnet-20240620,claude-3-5-sonnet-20241022,"
              "claude-3-7-sonnet-20250219,claude-3-7-sonnet-20250219-thinking")},
    {15, STR_INIT("Baidu"), STR_INIT("https://aip.baidubce.com"), STR_INIT("baidu"), true,
     STR_INIT("ERNIE-4.0-8K,ERNIE-3.5-8K,ERNIE-3.5-8K-0205,ERNIE-3.5-8K-1222,ERNIE-Bot-8K,"
              "ERNIE-3.5-4K-0205,ERNIE-Speed-8K,ERNIE-Speed-128K,ERNIE-Lite-8K-0922,"
              "ERNIE-Lite-8K-0308,ERNIE-Tiny-8K,BLOOMZ-7B,Embedding-V1,bge-large-zh,"
              "bge-large-en,tao-8k")},
    {16, STR_INIT("Zhipu"), STR_INIT("https://open.bigmodel.cn"), STR_INIT("zhipu"), true,
     STR_INIT("chatglm_turbo,chatglm_pro,chatglm_std,chatglm_lite")},
    {17, STR_INIT("Ali"), STR_INIT("https://dashscope.aliyuncs.com"), STR_INIT("ali"), true,
     STR_INIT("qwen-turbo,qwen-plus,qwen-max,qwen-max-longcontext,text-embedding-v1")},
    {18, STR_INIT("Xunfei"), STR_INIT(""), STR_INIT("xunfei"), true,
     STR_INIT("SparkDesk,SparkDesk-v1.1,SparkDesk-v2.1,SparkDesk-v3.1,SparkDesk-v3.5,"
              "SparkDesk-v4.0")},
    {19, STR_INIT("360"), STR_INIT("https://api.360.cn"), STR_INIT("ai360"), false,
     STR_INIT("360gpt-turbo,360gpt-turbo-responsibility-8k,360gpt-pro,360gpt2-pro,"
              "360GPT_S2_V9,embedding-bert-512-v1,embedding_s1_v1,semantic_similarity_s1_v1")},
    {20, STR_INIT("OpenRouter"), STR_INIT("https://openrouter.ai/api"), STR_INIT("openrouter"),
     true, STR_INIT("")},
    {21, STR_INIT("AIProxy Library"), STR_INIT("https://api.aiproxy.io"), STR_INIT(""), false,
     STR_INIT("")},
    {22, STR_INIT("FastGPT"), STR_INIT("https://fastgpt.run/api/openapi"), STR_INIT(""), false,
     STR_INIT("")},
    {23, STR_INIT("Tencent"), STR_INIT("https://hunyuan.tencentcloudapi.com"), STR_INIT("tencent"),
     true, STR_INIT("hunyuan-lite,hunyuan-standard,hunyuan-standard-256K,hunyuan-pro")},
    {24, STR_INIT("Gemini"), STR_INIT("https://generativelanguage.googleapis.com"),
     STR_INIT("google gemini"), true,
     STR_INIT("gemini-1.5-pro,gemini-1.5-flash,gemini-1.5-flash-8b,gemini-2.0-flash,"
              "gemini-1.5-pro-latest,gemini-1.5-flash-latest,gemini-2.0-flash-lite-preview,"
              "gemini-exp-1206,gemini-2.0-flash-exp,gemini-2.0-pro-exp,"
              "gemini-2.0-flash-thinking-exp,gemini-2.5-pro-exp-03-25,"
              "gemini-2.5-pro-preview-03-25,imagen-3.0-generate-002,"
              "gemini-embedding-exp-03-07,text-embedding-004,embedding-001")},
    {25, STR_INIT("Moonshot"), STR_INIT("https://api.moonshot.cn"), STR_INIT("moonshot"), false,
     STR_INIT("moonshot-v1-8k,moonshot-v1-32k,moonshot-v1-128k")},
    {26, STR_INIT("Zhipu v4"), STR_INIT("https://open.bigmodel.cn"), STR_INIT("zhipu_4v"), true,
     STR_INIT("glm-4,glm-4v,glm-3-turbo,glm-4-alltools,glm-4-plus,glm-4-0520,glm-4-air,"
              "glm-4-airx,glm-4-long,glm-4-flash,glm-4v-plus")},
    {27, STR_INIT("Perplexity"), STR_INIT("https://api.perplexity.ai"), STR_INIT("perplexity"),
     true,
     STR_INIT("llama-3-sonar-small-32k-chat,llama-3-sonar-small-32k-online,"
              "llama-3-sonar-large-32k-chat,llama-3-sonar-large-32k-online,"
              "llama-3-8b-instruct,llama-3-70b-instruct,mixtral-8x7b-instruct")},
    {31, STR_INIT("LingYiWanWu (01.AI)"), STR_INIT("https://api.lingyiwanwu.com"),
     STR_INIT("lingyiwanwu"), false,
     STR_INIT("yi-large,yi-medium,yi-vision,yi-medium-200k,yi-spark,yi-large-rag,"
              "yi-large-turbo,yi-large-preview,yi-large-rag-preview")},
    {33, STR_INIT("AWS Bedrock Claude"), STR_INIT(""), STR_INIT("aws"), true,
     STR_INIT("claude-instant-1.2,claude-2.0,claude-2.1,claude-3-sonnet-20240229,"
              "claude-3-opus-20240229,claude-3-haiku-20240307,claude-3-5-sonnet-20240620,"
              "claude-3-5-sonnet-20241022,claude-3-5-haiku-20241022,"
              "claude-3-7-sonnet-20250219")},
    {34, STR_INIT("Cohere"), STR_INIT("https://api.cohere.ai"), STR_INIT("cohere"), true,
     STR_INIT("command-a-03-2025,command-r,command-r-plus,command-r-08-2024,"
              "command-r-plus-08-2024,c4ai-aya-23-35b,c4ai-aya-23-8b,command-light,"
              "command-light-nightly,command,command-nightly,rerank-english-v3.0,"
              "rerank-multilingual-v3.0,rerank-english-v2.0,rerank-multilingual-v2.0")},
    {35, STR_INIT("MiniMax"), STR_INIT("https://api.minimax.chat"), STR_INIT("minimax"), false,
     STR_INIT("abab6.5-chat,abab6.5s-chat,abab6-chat,abab5.5-chat,abab5.5s-chat")},
    {36, STR_INIT("Suno API"), STR_INIT(""), STR_INIT(""), false, STR_INIT("")},
    {37, STR_INIT("Dify"), STR_INIT("https://api.dify.ai"), STR_INIT("dify"), true, STR_INIT("")},
    {38, STR_INIT("Jina"), STR_INIT("https://api.jina.ai"), STR_INIT("jina"), true,
     STR_INIT("jina-clip-v1,jina-reranker-v2-base-multilingual")},
    {39, STR_INIT("Cloudflare"), STR_INIT("https://api.cloudflare.com"), STR_INIT("cloudflare"),
     true,
     STR_INIT("@cf/meta/llama-3.1-8b-instruct,@cf/meta/llama-2-7b-chat-fp16,"
              "@cf/meta/llama-2-7b-chat-int8,@cf/mistral/mistral-7b-instruct-v0.1,"
              "@hf/thebloke/deepseek-coder-6.7b-base-awq,"
              "@hf/thebloke/deepseek-coder-6.7b-instruct-awq,"
              "@cf/deepseek-ai/deepseek-math-7b-base,"
              "@cf/deepseek-ai/deepseek-math-7b-instruct,"
              "@cf/thebloke/discolm-german-7b-v1-awq,@cf/tiiuae/falcon-7b-instruct,"
              "@cf/google/gemma-2b-it-lora,@hf/google/gemma-7b-it,"
              "@cf/google/gemma-7b-it-lora,@hf/nousresearch/hermes-2-pro-mistral-7b,"
              "@hf/thebloke/llama-2-13b-chat-awq,@cf/meta-llama/llama-2-7b-chat-hf-lora,"
              "@cf/meta/llama-3-8b-instruct,@hf/thebloke/llamaguard-7b-awq,"
              "@hf/thebloke/mistral-7b-instruct-v0.1-awq,"
              "@hf/mistralai/mistral-7b-instruct-v0.2,"
              "@cf/mistral/mistral-7b-instruct-v0.2-lora,"
              "@hf/thebloke/neural-chat-7b-v3-1-awq,@cf/openchat/openchat-3.5-0106,"
              "@hf/thebloke/openhermes-2.5-mistral-7b-awq,@cf/microsoft/phi-2,"
              "@cf/qwen/qwen1.5-0.5b-chat,@cf/qwen/qwen1.5-1.8b-chat,"
              "@cf/qwen/qwen1.5-14b-chat-awq,@cf/qwen/qwen1.5-7b-chat-awq,"
              "@cf/defog/sqlcoder-7b-2,@hf/nexusflow/starling-lm-7b-beta,"
              "@cf/tinyllama/tinyllama-1.1b-chat-v1.0,@hf/thebloke/zephyr-7b-beta-awq")},
    {40, STR_INIT("SiliconFlow"), STR_INIT("https://api.siliconflow.cn"), STR_INIT("siliconflow"),
     true,
     STR_INIT("THUDM/glm-4-9b-chat,InstantX/InstantID,ByteDance/SDXL-Lightning,"
              "deepseek-ai/deepseek-llm-67b-chat,Qwen/Qwen1.5-14B-Chat,Qwen/Qwen1.5-7B-Chat,"
              "Qwen/Qwen1.5-110B-Chat,Qwen/Qwen1.5-32B-Chat,01-ai/Yi-1.5-6B-Chat,"
              "01-ai/Yi-1.5-9B-Chat-16K,01-ai/Yi-1.5-34B-Chat-16K,THUDM/chatglm3-6b,"
              "deepseek-ai/DeepSeek-V2-Chat,Qwen/Qwen2-72B-Instruct,Qwen/Qwen2-7B-Instruct,"
              "Qwen/Qwen2-57B-A14B-Instruct,deepseek-ai/DeepSeek-Coder-V2-Instruct,"
              "Qwen/Qwen2-1.5B-Instruct,internlm/internlm2_5-7b-chat,BAAI/bge-large-en-v1.5,"
              "BAAI/bge-large-zh-v1.5,Pro/Qwen/Qwen2-7B-Instruct,"
              "Pro/Qwen/Qwen2-1.5B-Instruct,Pro/Qwen/Qwen1.5-7B-Chat,Pro/THUDM/glm-4-9b-chat,"
              "Pro/THUDM/chatglm3-6b,Pro/01-ai/Yi-1.5-9B-Chat-16K,Pro/01-ai/Yi-1.5-6B-Chat,"
              "Pro/google/gemma-2-9b-it,Pro/internlm/internlm2_5-7b-chat,"
              "Pro/meta-llama/Meta-Llama-3-8B-Instruct,"
              "Pro/mistralai/Mistral-7B-Instruct-v0.2,black-forest-labs/FLUX.1-schnell,"
              "FunAudioLLM/SenseVoiceSmall,netease-youdao/bce-embedding-base_v1,BAAI/bge-m3,"
              "internlm/internlm2_5-20b-chat,Qwen/Qwen2-Math-72B-Instruct,"
              "netease-youdao/bce-reranker-base_v1,BAAI/bge-reranker-v2-m3")},
    {41, STR_INIT("Vertex AI"), STR_INIT(""), STR_INIT("vertex-ai"), true,
     STR_INIT("meta/llama3-405b-instruct-maas,claude-instant-1.2,claude-2,claude-2.0,"
              "claude-2.1,claude-3-sonnet-20240229,claude-3-opus-20240229,"
              "claude-3-haiku-20240307,claude-3-5-haiku-20241022,claude-3-5-sonnet-20240620,"
              "claude-3-5-sonnet-20241022,claude-3-7-sonnet-20250219,"
              "claude-3-7-sonnet-20250219-thinking,gemini-1.5-pro,gemini-1.5-flash,"
              "gemini-1.5-flash-8b,gemini-2.0-flash,gemini-1.5-pro-latest,"
              "gemini-1.5-flash-latest,gemini-2.0-flash-lite-preview,gemini-exp-1206,"
              "gemini-2.0-flash-exp,gemini-2.0-pro-exp,gemini-2.0-flash-thinking-exp,"
              "gemini-2.5-pro-exp-03-25,gemini-2.5-pro-preview-03-25,imagen-3.0-generate-002,"
              "gemini-embedding-exp-03-07,text-embedding-004,embedding-001")},
    {42, STR_INIT("Mistral"), STR_INIT("https://api.mistral.ai"), STR_INIT("mistral"), true,
     STR_INIT("open-mistral-7b,open-mixtral-8x7b,mistral-small-latest,mistral-medium-latest,"
              "mistral-large-latest,mistral-embed")},
    {43, STR_INIT("DeepSeek"), STR_INIT("https://api.deepseek.com"), STR_INIT("deepseek"), true,
     STR_INIT("deepseek-chat,deepseek-reasoner")},
    {44, STR_INIT("MokaAI"), STR_INIT("https://api.moka.ai"), STR_INIT("mokaai"), true,
     STR_INIT("m3e-large,m3e-base,m3e-small")},
    {45, STR_INIT("VolcEngine (Doubao)"), STR_INIT("https://ark.cn-beijing.volces.com"),
     STR_INIT("volcengine"), true,
     STR_INIT("Doubao-pro-128k,Doubao-pro-32k,Doubao-pro-4k,Doubao-lite-128k,Doubao-lite-32k,"
              "Doubao-lite-4k,Doubao-embedding")},
    {46, STR_INIT("Baidu v2"), STR_INIT("https://qianfan.baidubce.com"), STR_INIT("volcengine"),
     true,
     STR_INIT("ernie-4.0-8k-latest,ernie-4.0-8k-preview,ernie-4.0-8k,"
              "ernie-4.0-turbo-8k-latest,ernie-4.0-turbo-8k-preview,ernie-4.0-turbo-8k,"
              "ernie-4.0-turbo-128k,ernie-3.5-8k-preview,ernie-3.5-8k,ernie-3.5-128k,"
              "ernie-speed-8k,ernie-speed-128k,ernie-speed-pro-128k,ernie-lite-8k,"
              "ernie-lite-pro-128k,ernie-tiny-8k,ernie-char-8k,ernie-char-fiction-8k,"
              "ernie-novel-8k,deepseek-v3,deepseek-r1,deepseek-r1-distill-qwen-32b,"
              "deepseek-r1-distill-qwen-14b")},
    {47, STR_INIT("Xinference"), STR_INIT(""), STR_INIT("xinference"), true,
     STR_INIT("bge-reranker-v2-m3,jina-reranker-v2")},
    {48, STR_INIT("xAI"), STR_INIT("https://api.x.ai"), STR_INIT("xai"), true,
     STR_INIT("grok-3-beta,grok-3-mini-beta,grok-3-fast-beta,grok-3-mini-fast-beta,"
              "grok-3-mini-beta-high,grok-3-mini-beta-low,grok-3-mini-beta-medium,"
              "grok-3-mini-fast-beta-high,grok-3-mini-fast-beta-low,"
              "grok-3-mini-fast-beta-medium,grok-2-image,grok-2,grok-2-vision,grok-beta,"
              "grok-vision-beta")},
    {49, STR_INIT("Coze"), STR_INIT("https://api.coze.cn"), STR_INIT(""), false, STR_INIT("")},
    {50, STR_INIT("Kling"), STR_INIT("https://api.klingai.com"), STR_INIT(""), false, STR_INIT("")},
    {51, STR_INIT("Jimeng"), STR_INIT("https://visual.volcengineapi.com"), STR_INIT(""), false,
     STR_INIT("")},
    {52, STR_INIT("Vidu"), STR_INIT("https://api.vidu.cn"), STR_INIT(""), false, STR_INIT("")},
    {53, STR_INIT("Submodel"), STR_INIT("https://llm.submodel.ai"), STR_INIT(""), false,
     STR_INIT("")},
    {54, STR_INIT("Doubao video"), STR_INIT("https://ark.cn-beijing.volces.com"), STR_INIT(""),
     false, STR_INIT("")},
    {55, STR_INIT("Sora"), STR_INIT("https://api.openai.com"), STR_INIT(""), false, STR_INIT("")},
    {56, STR_INIT("Replicate"), STR_INIT("https://api.replicate.com"), STR_INIT(""), false,
     STR_INIT("")},
    {57, STR_INIT("Codex"), STR_INIT("https://chatgpt.com"), STR_INIT(""), false, STR_INIT("")},
};

const struct channel_type *channel_types_all(size_t *n)
{
    *n = ARRAY_LEN(types);
    return types;
}

const struct channel_type *channel_types_find(int64_t type)
{
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (types[i].type == type)
            return &types[i];
    }
    return NULL;
}

struct str channel_types_midjourney(void)
{
    return STR("mj_imagine,mj_describe,mj_blend,mj_upscale,mj_variation,mj_reroll,mj_modal,"
               "mj_inpaint,mj_zoom,mj_custom_zoom,mj_shorten,mj_high_variation,"
               "mj_low_variation,mj_pan,swap_face,mj_upload");
}
