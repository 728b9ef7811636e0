/*
 * Golden requests and answers of each feature through all sixteen pairs of dialects. What comes of
 * it is the table in docs/dialects.md, which has to be current.
 *
 *   pairs_table_test            the tests
 *   pairs_table_test --table    prints the table (tools/dialect-table writes it into the document)
 */
#include "dialect/pairs_testing.h"

/* What became of a feature; the texts stand in the table. */
enum fate { UNSAID, KEPT, TOLD, REFUSED, AS_TEXT, SILENT };

static const char *const marks[] = {"·", "✓", "–", "✗", "T", "!"};

/* ---- golden requests: quotes are ' in them ---- */

#define C(x)      "{'model':'m','messages':[{'role':'user','content':'hi'}]" x "}"
#define R(x)      "{'model':'m','store':false,'input':[{'role':'user','content':'hi'}]" x "}"
#define A(x)      "{'model':'m','max_tokens':99,'messages':[{'role':'user','content':'hi'}]" x "}"
#define G(x)      "{'contents':[{'role':'user','parts':[{'text':'hi'}]}]" x "}"
#define C_PART(x) "{'model':'m','messages':[{'role':'user','content':[" x "]}]}"
#define R_PART(x) "{'model':'m','store':false,'input':[{'role':'user','content':[" x "]}]}"
#define A_PART(x) "{'model':'m','max_tokens':99,'messages':[{'role':'user','content':[" x "]}]}"
#define G_PART(x) "{'contents':[{'role':'user','parts':[" x "]}]}"
#define C_MORE(x) "{'model':'m','messages':[{'role':'user','content':'hi'}," x "]" C_TOOL "}"
#define R_MORE(x)                                                                                  \
    "{'model':'m','store':false,'input':[{'role':'user','content':'hi'}," x "]" R_TOOL "}"
#define A_MORE(x)                                                                                  \
    "{'model':'m','max_tokens':99,'messages':[{'role':'user','content':'hi'}," x "]" A_TOOL "}"
#define G_MORE(x)  "{'contents':[{'role':'user','parts':[{'text':'hi'}]}," x "]" G_TOOL "}"
#define FIELDS     "'type':'object','properties':{'x':{'type':'string'}},'required':['x']"
#define SCHEMA     "{" FIELDS ",'additionalProperties':false}"
#define PARAMETERS "{" FIELDS "}"
#define C_TOOL     ",'tools':[{'type':'function','function':{'name':'f','parameters':" PARAMETERS "}}]"
#define R_TOOL                                                                                     \
    ",'tools':[{'type':'function','name':'f','strict':false,'parameters':" PARAMETERS "}]"
#define A_TOOL ",'tools':[{'name':'f','input_schema':" PARAMETERS "}]"
#define G_TOOL                                                                                     \
    ",'tools':[{'functionDeclarations':[{'name':'f','parametersJsonSchema':" PARAMETERS "}]}]"
#define C_CALL(id, args)                                                                           \
    "{'id':'" id "','type':'function','function':{'name':'f','arguments':'" args "'}}"
#define R_CALL(id, args)                                                                           \
    "{'type':'function_call','call_id':'" id "','name':'f','arguments':'" args "'}"
#define A_CALL(id, args) "{'type':'tool_use','id':'" id "','name':'f','input':" args "}"
#define G_CALL(args)     "{'functionCall':{'name':'f','args':" args "}}"
#define G_CONFIG(x)      G(",'generationConfig':{" x "}")

struct feature {
    const char *name, *key; /* of the lines of the dump that tell it */
    const char *bodies[DIALECT_COUNT];
};

static const struct feature features[] = {
    {"text", "text", {C(""), R(""), A(""), G("")}},
    {"system prompt",
     "system",
     {"{'model':'m','messages':[{'role':'system','content':'be "
      "brief'},{'role':'user','content':'hi'}]}",
      R(",'instructions':'be brief'"), A(",'system':'be brief'"),
      G(",'systemInstruction':{'parts':[{'text':'be brief'}]}")}},
    {"several turns",
     "text",
     {C_MORE("{'role':'assistant','content':'yo'},{'role':'user','content':'more'}"),
      R_MORE("{'role':'assistant','content':'yo'},{'role':'user','content':'more'}"),
      A_MORE("{'role':'assistant','content':'yo'},{'role':'user','content':'more'}"),
      G_MORE(
          "{'role':'model','parts':[{'text':'yo'}]},{'role':'user','parts':[{'text':'more'}]}")}},
    {"image in base64",
     "image",
     {C_PART("{'type':'image_url','image_url':{'url':'data:image/png;base64,AAAA'}}"),
      R_PART("{'type':'input_image','image_url':'data:image/png;base64,AAAA'}"),
      A_PART("{'type':'image','source':{'type':'base64','media_type':'image/png','data':'AAAA'}}"),
      G_PART("{'inlineData':{'mimeType':'image/png','data':'AAAA'}}")}},
    {"image by its address",
     "image",
     {C_PART("{'type':'image_url','image_url':{'url':'https://x/i.png'}}"),
      R_PART("{'type':'input_image','image_url':'https://x/i.png'}"),
      A_PART("{'type':'image','source':{'type':'url','url':'https://x/i.png'}}"), NULL}},
    {"file in base64",
     "file",
     {C_PART("{'type':'file','file':{'filename':'a.pdf','file_data':'data:application/"
             "pdf;base64,AAAA'}}"),
      R_PART("{'type':'input_file','filename':'a.pdf','file_data':'data:application/"
             "pdf;base64,AAAA'}"),
      A_PART("{'type':'document','title':'a.pdf','source':{'type':'base64','media_type':'"
             "application/pdf','data':'AAAA'}}"),
      G_PART("{'inlineData':{'mimeType':'application/pdf','data':'AAAA'}}")}},
    {"sound",
     "audio",
     {C_PART("{'type':'input_audio','input_audio':{'data':'AAAA','format':'wav'}}"), NULL, NULL,
      G_PART("{'inlineData':{'mimeType':'audio/wav','data':'AAAA'}}")}},
    {"tools", "tool ", {C(C_TOOL), R(R_TOOL), A(A_TOOL), G(G_TOOL)}},
    {"parallel calls and results",
     "call",
     {C_MORE("{'role':'assistant','content':null,'tool_calls':[" C_CALL(
          "call_1",
          "{\\'x\\':\\'1\\'"
          "}") "," C_CALL("call_2",
                          "{\\'x\\':\\'2\\'}") "]},{'role':'tool','tool_call_id':'call_1','content'"
                                               ":'one'},{'role':"
                                               "'tool','tool_call_id':'call_2','content':'two'}"),
      R_MORE(R_CALL("call_1", "{\\'x\\':\\'1\\'}") "," R_CALL(
          "call_2",
          "{\\'x\\':\\'2\\'}") ",{'type':'function_call_output','call_id':'call_1','output':'one'},"
                               "{'type':'function_call_output','call_id':'call_2','output':'two'}"),
      A_MORE("{'role':'assistant','content':[" A_CALL("call_1", "{'x':'1'}") "," A_CALL(
          "call_2", "{'x':'2'}") "]},{'role':'user','content':[{'type':'tool_result','tool_use_id':"
                                 "'call_1','content':'one'},{'type':'tool_result','tool_use_id':'"
                                 "call_2','content':'two'}]}"),
      G_MORE("{'role':'model','parts':[" G_CALL("{'x':'1'}") "," G_CALL(
          "{'x':'2'}") "]},{'role':'user','parts':[{'functionResponse':{'name':'f','response':{'"
                       "output':'one'}}},{'functionResponse':{'name':'f','response':{'output':'two'"
                       "}}}]}")}},
    {"a call without arguments",
     "call",
     {C_MORE("{'role':'assistant','content':null,'tool_calls':[" C_CALL(
          "call_1", "") "]},{'role':'tool','tool_call_id':'call_1','content':'one'}"),
      R_MORE(R_CALL("call_1",
                    "") ",{'type':'function_call_output','call_id':'call_1','output':'one'}"),
      A_MORE("{'role':'assistant','content':[" A_CALL(
          "call_1", "{}") "]},{'role':'user','content':[{'type':'tool_result','tool_use_id':'call_"
                          "1','content':'one'}]}"),
      G_MORE(
          "{'role':'model','parts':[" G_CALL("{}") "]},{'role':'user','parts':[{'functionResponse':"
                                                   "{'name':'f','response':{'output':'one'}}}]}")}},
    {"a tool that must be called",
     "choice",
     {C(C_TOOL ",'tool_choice':{'type':'function','function':{'name':'f'}}"),
      R(R_TOOL ",'tool_choice':{'type':'function','name':'f'}"),
      A(A_TOOL ",'tool_choice':{'type':'tool','name':'f'}"),
      G(G_TOOL
        ",'toolConfig':{'functionCallingConfig':{'mode':'ANY','allowedFunctionNames':['f']}}")}},
    {"any tool must be called",
     "choice",
     {C(C_TOOL ",'tool_choice':'required'"), R(R_TOOL ",'tool_choice':'required'"),
      A(A_TOOL ",'tool_choice':{'type':'any'}"),
      G(G_TOOL ",'toolConfig':{'functionCallingConfig':{'mode':'ANY'}}")}},
    {"one call at a time",
     "parallel",
     {C(C_TOOL ",'parallel_tool_calls':false"), R(R_TOOL ",'parallel_tool_calls':false"),
      A(A_TOOL ",'tool_choice':{'type':'auto','disable_parallel_tool_use':true}"), NULL}},
    {"search of the provider's",
     "search",
     {C(",'web_search_options':{}"), R(",'tools':[{'type':'web_search'}]"),
      A(",'tools':[{'type':'web_search_20250305','name':'web_search'}]"),
      G(",'tools':[{'googleSearch':{}}]")}},
    {"JSON mode",
     "format",
     {C(",'response_format':{'type':'json_object'}"),
      R(",'text':{'format':{'type':'json_object'}}"), NULL,
      G_CONFIG("'responseMimeType':'application/json'")}},
    {"JSON schema",
     "schema",
     {C(",'response_format':{'type':'json_schema','json_schema':{'name':'s','schema':" SCHEMA "}}"),
      R(",'text':{'format':{'type':'json_schema','name':'s','schema':" SCHEMA "}}"),
      A(",'output_config':{'format':{'type':'json_schema','schema':" SCHEMA "}}"),
      G_CONFIG("'responseMimeType':'application/json','responseJsonSchema':" SCHEMA)}},
    {"reasoning",
     "reasoning",
     {C(",'reasoning_effort':'high'"), R(",'reasoning':{'effort':'high'}"),
      A(",'thinking':{'type':'enabled','budget_tokens':50}"),
      G_CONFIG("'thinkingConfig':{'thinkingBudget':2000}")}},
    {"limit of the answer",
     "limit",
     {C(",'max_tokens':77"), R(",'max_output_tokens':77"),
      "{'model':'m','max_tokens':77,'messages':[{'role':'user','content':'hi'}]}",
      G_CONFIG("'maxOutputTokens':77")}},
    {"temperature",
     "temperature",
     {C(",'temperature':0.5"), R(",'temperature':0.5"), A(",'temperature':0.5"),
      G_CONFIG("'temperature':0.5")}},
    {"top_p",
     "top_p",
     {C(",'top_p':0.5"), R(",'top_p':0.5"), A(",'top_p':0.5"), G_CONFIG("'topP':0.5")}},
    {"top_k", "top_k", {C(",'top_k':5"), NULL, A(",'top_k':5"), G_CONFIG("'topK':5")}},
    {"penalties",
     "penalty",
     {C(",'presence_penalty':0.5"), NULL, NULL, G_CONFIG("'presencePenalty':0.5")}},
    {"stop sequences",
     "stop",
     {C(",'stop':['END']"), NULL, A(",'stop_sequences':['END']"),
      G_CONFIG("'stopSequences':['END']")}},
    {"seed", "seed", {C(",'seed':7"), NULL, NULL, G_CONFIG("'seed':7")}},
    {"logprobs",
     "logprobs",
     {C(",'logprobs':true,'top_logprobs':2"),
      R(",'top_logprobs':2,'include':['message.output_text.logprobs']"), NULL,
      G_CONFIG("'responseLogprobs':true,'logprobs':2")}},
    {"several answers", "choices", {C(",'n':2"), NULL, NULL, G_CONFIG("'candidateCount':2")}},
    {"marks of the prompt cache",
     "cache",
     {C_PART("{'type':'text','text':'hi','cache_control':{'type':'ephemeral'}}"), NULL,
      A_PART("{'type':'text','text':'hi','cache_control':{'type':'ephemeral'}}"), NULL}},
    {"id of the end user",
     "user",
     {C(",'user':'u'"), R(",'safety_identifier':'u'"), A(",'metadata':{'user_id':'u'}"), NULL}},
};

/* ---- a request as lines ---- */

struct lines {
    struct arena *a;
    struct sb sb;
};

#define LINE(l, ...) sb_fmt(&(l)->sb, __VA_ARGS__)

static void dump_parts(struct lines *l, const struct chat_message *m)
{
    static const char *const roles[] = {"system", "system", "text user", "text assistant", "tool"};

    for (const struct chat_part *p = m->parts.first; p; p = p->next) {
        switch (p->kind) {
        case CHAT_PART_TEXT:
            LINE(l, "%s %.*s\n", roles[m->role], STR_ARG(p->text));
            break;
        case CHAT_PART_IMAGE:
            LINE(l, "image %.*s%.*s\n", STR_ARG(p->media.data), STR_ARG(p->media.url));
            break;
        case CHAT_PART_FILE:
            LINE(l, "file %.*s %.*s\n", STR_ARG(p->media.mime), STR_ARG(p->media.data));
            break;
        case CHAT_PART_AUDIO:
            LINE(l, "audio %.*s\n", STR_ARG(p->media.data));
            break;
        case CHAT_PART_TOOL_CALL:
            LINE(l, "call %.*s %.*s\n", STR_ARG(p->call.name), STR_ARG(p->call.arguments));
            break;
        case CHAT_PART_TOOL_RESULT:
            LINE(l, "call result %.*s\n", STR_ARG(chat_text_of(l->a, &p->result.parts, STR(""))));
            break;
        case CHAT_PART_REFUSAL:
        case CHAT_PART_REASONING:
        case CHAT_PART_VIDEO:
            break;
        }
        if (p->cache.n > 0)
            LINE(l, "cache %.*s\n", STR_ARG(p->cache));
    }
}

static void dump_number(struct lines *l, const char *key, struct str raw)
{
    if (raw.n > 0)
        LINE(l, "%s %.*s\n", key, STR_ARG(raw));
}

static void dump_tools(struct lines *l, const struct chat_request *r)
{
    for (const struct chat_tool *t = r->tools; t; t = t->next) {
        if (t->kind == CHAT_TOOL_WEB_SEARCH)
            LINE(l, "search\n");
        else
            LINE(l, "tool %.*s %.*s\n", STR_ARG(t->name), STR_ARG(t->parameters));
    }
    if (r->choice > CHAT_CHOICE_AUTO)
        LINE(l, "choice %d %.*s\n", (int)r->choice, STR_ARG(r->choice_name));
    if (r->parallel_tools == CHAT_NO)
        LINE(l, "parallel off\n");
}

static struct str dump_request(struct arena *a, const struct chat_request *r)
{
    struct lines l = {.a = a};
    struct str text;

    sb_init(&l.sb, TESTING_LIMIT);
    for (const struct chat_message *m = r->messages; m; m = m->next)
        dump_parts(&l, m);
    dump_tools(&l, r);
    if (r->format == CHAT_FORMAT_JSON)
        LINE(&l, "format json\n");
    if (str_has(r->schema,
                STR("\"required\":[\"x\"]"))) /* each dialect may leave other words out */
        LINE(&l, "schema\n");
    if (r->reasoning.effort.n > 0 || r->reasoning.budget > 0 || r->reasoning.adaptive)
        LINE(&l, "reasoning %s\n", r->reasoning.enabled == CHAT_NO ? "off" : "on");
    LINE(&l, "limit %lld\n", (long long)r->max_tokens);
    dump_number(&l, "temperature", r->temperature);
    dump_number(&l, "top_p", r->top_p);
    dump_number(&l, "top_k", r->top_k);
    dump_number(&l, "penalty", r->presence_penalty);
    dump_number(&l, "seed", r->seed);
    for (size_t i = 0; i < r->stop_count; i++)
        LINE(&l, "stop %.*s\n", STR_ARG(r->stop[i]));
    if (r->logprobs == CHAT_YES || r->top_logprobs.n > 0)
        LINE(&l, "logprobs %.*s\n", STR_ARG(r->top_logprobs));
    if (r->n > 1)
        LINE(&l, "choices %lld\n", (long long)r->n);
    dump_number(&l, "user", r->user);
    text = str_dup(a, sb_str(&l.sb));
    sb_fini(&l.sb);
    return text;
}

/* The lines that begin with the key. */
static struct str lines_of(struct arena *a, struct str text, const char *key)
{
    struct sb sb;
    struct str out;

    sb_init(&sb, TESTING_LIMIT);
    while (text.n > 0) {
        struct str line = str_cut(&text, '\n');

        if (str_starts(line, str_from(key))) {
            sb_add(&sb, line);
            sb_add_char(&sb, '\n');
        }
    }
    out = str_dup(a, sb_str(&sb));
    sb_fini(&sb);
    return out;
}

static struct str with_quotes(struct arena *a, const char *text)
{
    struct str s = str_dup(a, str_from(text));
    char *to = (char *)(uintptr_t)s.p;

    for (size_t i = 0; i < s.n; i++)
        to[i] = to[i] == '\'' ? '"' : to[i];
    return s;
}

/* ---- requests through the pairs ---- */

static enum fate fate_of(struct arena *a, const struct feature *f, int client, int upstream)
{
    struct loss_list losses = {.n = 0}, none = {.n = 0};
    const struct request_conf conf = {.arena = a, .losses = &losses, .cache_marks = true};
    struct chat_request *r;
    struct str was, is;
    struct sb sb;
    enum err_code rc;
    bool asks_for_json = false;

    if (!f->bodies[client])
        return UNSAID;
    r = (struct chat_request *)(uintptr_t)testing_read_request(
        pair_dialects[client], a, with_quotes(a, f->bodies[client]), &losses);
    CHECK_EQ(losses.n, 0);
    r->model = STR("m");
    was = lines_of(a, dump_request(a, r), f->key);
    CHECK(was.n > 0); /* the golden case tells the feature */
    sb_init(&sb, TESTING_LIMIT);
    rc = pair_dialects[upstream]->write_request(&conf, r, &sb, NULL);
    if (rc == ERR_OK) {
        asks_for_json = str_has(sb_str(&sb), STR("JSON object and nothing else"));
        is = lines_of(a,
                      dump_request(a, testing_read_request(pair_dialects[upstream], a,
                                                           str_dup(a, sb_str(&sb)), &none)),
                      f->key);
    }
    sb_fini(&sb);
    if (rc != ERR_OK)
        return REFUSED;
    if (str_eq(was, is))
        return KEPT;
    if (losses.n > 0)
        return TOLD;
    return str_eq(was, STR("format json\n")) && asks_for_json ? AS_TEXT : SILENT;
}

/* ---- golden answers ---- */

enum { ANSWERS_MAX = 6 };

#define C_ANSWER(message, finish, more)                                                            \
    "{'id':'1','object':'chat.completion','created':1,'model':'m','choices':[{'index':0,"          \
    "'message':{'role':'assistant'," message "},'finish_reason':'" finish "'" more "}],"           \
    "'usage':{'prompt_tokens':50,'completion_tokens':20,'total_tokens':70,"                        \
    "'prompt_tokens_details':{'cached_tokens':10,'cache_write_tokens':5,'audio_tokens':4},"        \
    "'completion_tokens_details':{'reasoning_tokens':6,'audio_tokens':3}}}"
#define R_ANSWER(output)                                                                           \
    "{'id':'resp_1','object':'response','created_at':1,'status':'completed','model':'m',"          \
    "'output':[" output "],'usage':{'input_tokens':50,'input_tokens_details':{"                    \
    "'cached_tokens':10,'cache_write_tokens':5},'output_tokens':20,'output_tokens_details':{"      \
    "'reasoning_tokens':6},'total_tokens':70}}"
#define R_MESSAGE(content)                                                                         \
    "{'type':'message','id':'msg_1','role':'assistant','status':'completed','content':[" content   \
    "]}"
#define A_ANSWER(content, stop)                                                                    \
    "{'id':'msg_1','type':'message','role':'assistant','model':'m','content':[" content "],"       \
    "'stop_reason':" stop ",'usage':{'input_tokens':35,'cache_read_input_tokens':10,"              \
    "'cache_creation_input_tokens':5,'output_tokens':20,'output_tokens_details':{"                 \
    "'thinking_tokens':6},'server_tool_use':{'web_search_requests':1}}}"
#define G_ANSWER(parts, more)                                                                      \
    "{'candidates':[{'index':0,'content':{'role':'model','parts':[" parts "]}," more "}],"         \
    "'usageMetadata':{'promptTokenCount':50,'cachedContentTokenCount':10,"                         \
    "'candidatesTokenCount':14,'thoughtsTokenCount':6,'totalTokenCount':70,"                       \
    "'promptTokensDetails':[{'modality':'TEXT','tokenCount':46},{'modality':'AUDIO',"              \
    "'tokenCount':4}],'cacheTokensDetails':[{'modality':'TEXT','tokenCount':8},{'modality':"       \
    "'AUDIO','tokenCount':2}]},'modelVersion':'m','responseId':'1'}"
#define C_LOGPROBS                                                                                 \
    ",'logprobs':{'content':[{'token':'Hi','logprob':-0.5,'bytes':[72,105],'top_logprobs':[]}]}"

static const char *const answers[DIALECT_COUNT][ANSWERS_MAX] = {
    [DIALECT_OPENAI_CHAT] =
        {
            C_ANSWER("'reasoning_content':'hm','content':'Hi','annotations':[{'type':"
                     "'url_citation','url_citation':{'url':'https://x/','title':'X',"
                     "'start_index':0,'end_index':2}}]",
                     "stop", C_LOGPROBS),
            C_ANSWER("'content':null,'tool_calls':[" C_CALL("call_1", "{}") "," C_CALL(
                         "call_2", "{\\'x\\':\\'2\\'}") "]",
                     "tool_calls", ""),
            C_ANSWER("'content':null,'refusal':'I will not.'", "content_filter", ""),
            C_ANSWER("'content':null,'audio':{'id':'a','data':'AAAA','transcript':'Said.'}",
                     "length", ""),
            C_ANSWER("'content':'Hi','images':[{'type':'image_url','image_url':{'url':"
                     "'data:image/png;base64,AAAA'}}]",
                     "stop", ",'stop_reason':'END'"),
            C_ANSWER("'content':'Hi'", "stop",
                     "},{'index':1,'message':{'role':'assistant','content':'Ho'},"
                     "'finish_reason':'stop'"),
        },
    [DIALECT_OPENAI_RESPONSES] =
        {
            R_ANSWER("{'type':'reasoning','id':'rs_1','summary':[{'type':'summary_text','text':"
                     "'hm'}],'encrypted_content':'c2VjcmV0'}," R_MESSAGE(
                         "{'type':'output_text','text':'Hi','annotations':[{'type':"
                         "'url_citation','url':'https://x/','title':'X','start_index':0,"
                         "'end_index':2}],'logprobs':[{'token':'Hi','logprob':-0.5,'bytes':[72,"
                         "105],'top_logprobs':[]}]}")),
            R_ANSWER(R_CALL("call_1", "{}") "," R_CALL("call_2", "{\\'x\\':\\'2\\'}")),
            R_ANSWER(R_MESSAGE("{'type':'refusal','refusal':'I will not.'}")),
            R_ANSWER("{'type':'image_generation_call','id':'ig_1','status':'completed','result':"
                     "'AAAA','output_format':'png'}"),
            R_ANSWER("{'type':'web_search_call','id':'ws_1','status':'completed','action':{"
                     "'type':'search','query':'q'}}," R_MESSAGE(
                         "{'type':'output_text','text':'Hi','annotations':[]}")),
        },
    [DIALECT_CLAUDE] =
        {
            A_ANSWER("{'type':'thinking','thinking':'hm','signature':'U0lH'},{'type':'text',"
                     "'text':'Hi','citations':[{'type':'web_search_result_location','url':"
                     "'https://x/','title':'X','cited_text':'x','encrypted_index':'e'}]}",
                     "'end_turn'"),
            A_ANSWER(A_CALL("toolu_1", "{}") "," A_CALL("toolu_2", "{'x':'2'}"), "'tool_use'"),
            A_ANSWER("{'type':'text','text':'Hi','citations':[{'type':'char_location',"
                     "'cited_text':'x','document_index':0,'document_title':'D',"
                     "'start_char_index':0,'end_char_index':1}]}",
                     "'stop_sequence','stop_sequence':'END'"),
            A_ANSWER("{'type':'text','text':'Hi'}", "'max_tokens'"),
            A_ANSWER("{'type':'text','text':'Hi'}", "'refusal'"),
            A_ANSWER("{'type':'text','text':'Hi'}", "'pause_turn'"),
        },
    [DIALECT_GEMINI] =
        {
            G_ANSWER("{'text':'hm','thought':true},{'text':'Hi','thoughtSignature':'c2ln'}",
                     "'finishReason':'STOP','groundingMetadata':{'webSearchQueries':['q'],"
                     "'groundingChunks':[{'web':{'uri':'https://x/','title':'X'}}]},"
                     "'logprobsResult':{'chosenCandidates':[{'token':'Hi','logProbability':-0.5}]"
                     "}"),
            G_ANSWER("{'functionCall':{'id':'call_1','name':'f','args':{}},'thoughtSignature':"
                     "'c2ln'},{'functionCall':{'id':'call_2','name':'f','args':{'x':'2'}}}",
                     "'finishReason':'STOP'"),
            G_ANSWER("{'inlineData':{'mimeType':'image/png','data':'AAAA'}}",
                     "'finishReason':'MAX_TOKENS'"),
            G_ANSWER("{'inlineData':{'mimeType':'audio/wav','data':'AAAA'}}",
                     "'finishReason':'SAFETY'"),
            G_ANSWER("{'text':'Hi'}", "'finishReason':'STOP'},{'index':1,'content':{'role':"
                                      "'model','parts':[{'text':'Ho'}]},'finishReason':'STOP'"),
        },
};

static const struct chat_request asking = {
    .stream = true,
    .include_usage = true,
    .reasoning = {.enabled = CHAT_YES, .encrypted = true, .visible = CHAT_YES}};
static const struct answer_conf conf = {.request = &asking,
                                        .model = STR_INIT("asked"),
                                        .id = STR_INIT("0123456789abcdefghijklmn"),
                                        .now_s = 7};

/* The class in what the client got, by each way that an answer can take to it: all say the same. */
static struct str arrived(struct arena *a, struct str body, int client, int upstream,
                          enum pair_class class)
{
    const struct dialect *c = pair_dialects[client], *u = pair_dialects[upstream];
    const struct chat_answer *answer = testing_fold_answer(u, a, body);
    struct str stream = pair_unfold(a, u, body, u, &conf); /* the same as the upstream streams it */
    struct str whole =
        pair_dump(a, testing_fold_answer(c, a, pair_whole(a, answer, c, &conf))).of[class];
    struct str streams[] = {pair_unfold(a, u, body, c, &conf),
                            pair_stream(a, u, stream, 0, c, &conf),
                            pair_stream(a, u, stream, SIZE_MAX, c, &conf)};
    bool streamed = str_eq(pair_dump(a, testing_fold_stream(u, a, stream, 0)).of[class],
                           pair_dump(a, answer).of[class]); /* our own writer can tell it */

    for (size_t i = 0; i < (streamed ? ARRAY_LEN(streams) : 1); i++) {
        struct str is = pair_dump(a, testing_fold_stream(c, a, streams[i], 0)).of[class];

        if (!str_eq(is, whole))
            fail_msg("%s of %d to %d, way %zu: %.*s, whole %.*s", pair_class_names[class], upstream,
                     client, i, STR_ARG(is), STR_ARG(whole));
    }
    return whole;
}

/* What becomes of a class of answers: the worst of all golden ones that have it. */
static enum fate answer_fate(struct arena *a, enum pair_class class, int client, int upstream)
{
    static const enum fate fates[] = {
        [PAIR_KEPT] = KEPT, [PAIR_AS_TEXT] = AS_TEXT, [PAIR_LOST] = TOLD};
    bool said = false, same = true;

    for (size_t i = 0; i < ANSWERS_MAX && answers[upstream][i]; i++) {
        struct str body = with_quotes(a, answers[upstream][i]);
        struct str was =
            pair_dump(a, testing_fold_answer(pair_dialects[upstream], a, body)).of[class];
        struct str is = was.n > 0 ? arrived(a, body, client, upstream, class) : STR_NULL;

        said |= was.n > 0;
        same &= class == PAIR_TEXT ? str_has(is, was) : str_eq(is, was);
    }
    if (!said)
        return UNSAID;
    if (same != (pair_fates[class][client] == PAIR_KEPT))
        return SILENT;
    return fates[pair_fates[class][client]];
}

/* ---- the table ---- */

static const char *const short_names[DIALECT_COUNT] = {
    [DIALECT_OPENAI_CHAT] = "OpenAI Chat",
    [DIALECT_OPENAI_RESPONSES] = "OpenAI Responses",
    [DIALECT_CLAUDE] = "Claude",
    [DIALECT_GEMINI] = "Gemini",
};

typedef enum fate fate_fn(struct arena *a, const void *row, int client, int upstream);

static enum fate request_cell(struct arena *a, const void *row, int client, int upstream)
{
    return fate_of(a, row, client, upstream);
}

static enum fate answer_cell(struct arena *a, const void *row, int client, int upstream)
{
    return answer_fate(a, *(const enum pair_class *)row, client, upstream);
}

static void write_head(struct sb *out, const char *what)
{
    sb_fmt(out, "| %s |", what);
    for (int i = 0; i < DIALECT_COUNT; i++)
        sb_fmt(out, " %s |", short_names[i]);
    sb_add(out, STR("\n|---|---|---|---|---|\n"));
}

/* A line of the table: a column a client, in it a mark an upstream. */
static void write_row(struct sb *out, const char *name, const void *row, fate_fn *fate)
{
    sb_fmt(out, "| %s |", name);
    for (int client = 0; client < DIALECT_COUNT; client++) {
        sb_add_char(out, ' ');
        for (int upstream = 0; upstream < DIALECT_COUNT; upstream++) {
            struct arena a;
            enum fate cell;

            arena_init(&a, 0);
            cell = fate(&a, row, client, upstream);
            sb_fmt(out, "%s%s", marks[cell], upstream + 1 < DIALECT_COUNT ? " " : " |");
            arena_fini(&a);
        }
    }
    sb_add_char(out, '\n');
}

static void write_tables(struct sb *out)
{
    write_head(out, "in requests of a client of");
    for (size_t i = 0; i < ARRAY_LEN(features); i++)
        write_row(out, features[i].name, &features[i], request_cell);
    sb_add_char(out, '\n');
    write_head(out, "in answers to a client of");
    for (int i = 0; i < PAIR_CLASSES; i++) {
        enum pair_class class = (enum pair_class)i;

        if (class != PAIR_ERROR && class != PAIR_END && class != PAIR_CUSTOM &&
            class != PAIR_CACHE_WRITE_1H)
            write_row(out, pair_class_names[i], &class, answer_cell);
    }
}

/* ---- the tests ---- */

TEST(nothing_is_lost_in_silence)
{
    struct sb sb;

    sb_init(&sb, TESTING_LIMIT);
    write_tables(&sb);
    if (str_has(sb_str(&sb), STR("!")))
        fail_msg("%.*s", STR_ARG(sb_str(&sb)));
    sb_fini(&sb);
}

TEST(what_is_said_to_be_lost_is_lost)
{
    for (int i = 0; i < PAIR_CLASSES * DIALECT_COUNT; i++) {
        enum pair_class class = (enum pair_class)(i / DIALECT_COUNT);
        int client = i % DIALECT_COUNT, seen = 0;

        for (int upstream = 0; upstream < DIALECT_COUNT; upstream++) {
            struct arena a;
            enum fate fate;

            arena_init(&a, 0);
            fate = answer_fate(&a, class, client, upstream);
            seen += fate == TOLD || fate == AS_TEXT;
            arena_fini(&a);
        }
        if (pair_fates[class][client] != PAIR_KEPT && seen == 0)
            fail_msg("no golden answer shows the loss of: %s", pair_class_names[class]);
    }
}

TEST(the_table_in_the_documents_is_current)
{
    struct arena a;
    struct str text;
    struct sb sb;

    arena_init(&a, 0);
    sb_init(&sb, TESTING_LIMIT);
    write_tables(&sb);
    CHECK(testing_read_file(&a, "docs/dialects.md", &text));
    if (!str_has(text, sb_str(&sb)))
        fail_msg("run tools/dialect-table\n%.*s", STR_ARG(sb_str(&sb)));
    sb_fini(&sb);
    arena_fini(&a);
}

/* A stream of the upstream that breaks with an error of the upstream's own. */
static struct str broken_stream(struct arena *a, const struct dialect *upstream)
{
    const struct openai_error error = {.message = STR("it broke"), .type = STR("api_error")};
    const struct chat_event events[] = {
        {.kind = CHAT_EVENT_START, .id = STR("1"), .model = STR("m")},
        {.kind = CHAT_EVENT_TEXT, .text = STR("Half an")},
        {.kind = CHAT_EVENT_ERROR, .error = error, .status = 500},
    };
    struct pair_writing to;

    pair_writing_init(&to, upstream, a, &conf);
    for (size_t i = 0; i < ARRAY_LEN(events); i++)
        pair_write_event(&to, &events[i]);
    return pair_writing_take(&to, a);
}

TEST(an_error_in_mid_stream_is_one_for_every_client)
{
    for (int i = 0; i < DIALECT_COUNT * DIALECT_COUNT; i++) {
        const struct dialect *u = pair_dialects[i / DIALECT_COUNT],
                             *c = pair_dialects[i % DIALECT_COUNT];
        const struct chat_answer *answer;
        struct arena a;

        arena_init(&a, 0);
        answer = testing_fold_stream(c, &a, pair_stream(&a, u, broken_stream(&a, u), 0, c, &conf),
                                     SIZE_MAX);
        CHECK(answer->has_error && !answer->has_end);
        CHECK_STR(answer->error.message, "it broke");
        CHECK_STR(answer->choices->parts.first->text, "Half an");
        CHECK_EQ(answer->choices->finish, CHAT_FINISH_NONE);
        arena_fini(&a);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost_in_silence),
        cmocka_unit_test(what_is_said_to_be_lost_is_lost),
        cmocka_unit_test(the_table_in_the_documents_is_current),
        cmocka_unit_test(an_error_in_mid_stream_is_one_for_every_client),
    };
    struct sb sb;

    if (argc < 2 || strcmp(argv[1], "--table") != 0)
        return test_end(cmocka_run_group_tests(tests, NULL, NULL));
    sb_init(&sb, TESTING_LIMIT);
    write_tables(&sb);
    printf("%.*s", STR_ARG(sb_str(&sb)));
    sb_fini(&sb);
    return 0;
}
