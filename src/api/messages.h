/*
 * messages - every text that the management API says to people, in both languages.
 *
 * Clients look at `success` only; the texts are ours. "{}" stands for an argument.
 */
#pragma once
#include "base/str.h"

#define MESSAGE_MAP(X)                                                                             \
    /* calls and access */                                                                         \
    X(BAD_PARAM, "无效的参数", "Invalid parameter.")                                               \
    X(BAD_BODY, "无效的参数：请求体不是有效的 JSON 对象",                                          \
      "The request body is not a JSON object.")                                                    \
    X(BAD_MEMBER, "无效的参数：{} 的类型不正确", "Invalid parameter: {} has the wrong type.")      \
    X(TOO_LONG, "输入不合法：{} 过长", "Invalid input: {} is too long.")                           \
    X(OUT_OF_RANGE, "输入不合法：{} 超出允许范围", "Invalid input: {} is out of range.")           \
    X(NOT_JSON, "输入不合法：{} 不是有效的 JSON", "Invalid input: {} is not valid JSON.")          \
    X(NOT_TEXTS, "输入不合法：{} 的每个值都须为文本",                                              \
      "Invalid input: every value of {} must be a text.")                                          \
    X(BAD_HEADER, "输入不合法：header_override 的 {} 不能作为请求头发送",                          \
      "Invalid input: {} of header_override cannot be sent as a header.")                          \
    X(BAD_OVERRIDE, "输入不合法：param_override 的 {}", "Invalid input: param_override, {}")       \
    X(BUSY, "服务器繁忙，请稍后再试", "The server is busy. Please try again in a moment.")         \
    X(INTERNAL, "服务器内部错误", "Something went wrong on the server.")                           \
    X(NOT_SIGNED_IN, "无权进行此操作，未登录且未提供 access token",                                \
      "Not signed in and no access token given.")                                                  \
    X(BAD_ACCESS_TOKEN, "无权进行此操作，access token 无效", "The access token is not valid.")     \
    X(NO_USER_HEADER, "无权进行此操作，未提供 New-Api-User",                                       \
      "The header New-Api-User is missing.")                                                       \
    X(BAD_USER_HEADER, "无权进行此操作，New-Api-User 格式错误",                                    \
      "The header New-Api-User is not a number.")                                                  \
    X(OTHER_USER_HEADER, "无权进行此操作，New-Api-User 与登录用户不匹配",                          \
      "The header New-Api-User does not match the signed-in user.")                                \
    X(USER_BANNED, "用户已被封禁", "This user is banned.")                                         \
    X(NO_PERMISSION, "无权进行此操作，权限不足", "Insufficient permission.")                       \
    X(BAD_USER_INFO, "无权进行此操作，用户信息无效", "The user's record is not valid.")            \
    X(CHANGE_PASSWORD_FIRST, "请先修改初始密码",                                                   \
      "Change the first password before anything else.")                                           \
    X(TURNSTILE_EMPTY, "Turnstile token 为空", "The Turnstile token is empty.")                    \
    X(TURNSTILE_FAILED, "Turnstile 校验失败，请刷新重试！",                                        \
      "The Turnstile check failed. Reload the page and try again.")                                \
    X(SERVER_RUNNING, "Server is running", "Server is running")                                    \
    X(DB_DOWN, "数据库连接失败", "The database does not answer.")                                  \
    /* set-up */                                                                                   \
    X(SETUP_DONE_ALREADY, "系统已经初始化完成", "The system is set up already.")                   \
    X(SETUP_DONE, "系统初始化成功", "The system is set up.")                                       \
    X(SETUP_CODE, "请输入服务器启动时打印的初始化代码",                                            \
      "Enter the set-up code that the server printed when it started.")                            \
    X(PASSWORDS_DIFFER, "两次输入的密码不一致", "The two passwords differ.")                       \
    X(PASSWORD_SHORT, "密码长度至少为8个字符", "A password has at least 8 characters.")            \
    X(PASSWORD_LONG, "密码过长", "The password is too long.")                                      \
    X(USERNAME_LENGTH, "用户名长度应为 1 到 12 个字符", "A user name has 1 to 12 characters.")     \
    /* accounts */                                                                                 \
    X(LOGIN_CLOSED, "管理员关闭了密码登录", "Signing in with a password is switched off.")         \
    X(LOGIN_FAILED, "用户名或密码错误，或用户已被封禁",                                            \
      "The user name or the password is wrong, or the user is banned.")                            \
    X(REGISTER_CLOSED, "管理员关闭了新用户注册", "Registration is closed.")                        \
    X(REGISTER_NO_PASSWORD, "管理员关闭了通过密码进行注册，请使用第三方账户验证的形式进行注册",    \
      "Registration with a password is switched off.")                                             \
    X(REGISTER_NEEDS_MAIL, "管理员开启了邮箱验证，但此服务器尚不支持邮箱验证",                     \
      "E-mail verification is switched on, which this server cannot do yet. Ask the "              \
      "administrator.")                                                                            \
    X(USER_TAKEN, "用户名已存在，或已注销", "The name is taken, or was once.")                     \
    X(INPUT_INVALID, "输入不合法 {}", "Invalid input: {}")                                         \
    X(OLD_PASSWORD_WRONG, "原密码错误", "The present password is wrong.")                          \
    X(ROOT_STAYS, "不能删除超级管理员账户", "The root account cannot be deleted.")                 \
    X(USER_MISSING, "用户不存在", "There is no such user.")                                        \
    X(USER_NOT_YOURS, "无权操作同权限等级或更高权限等级的用户",                                    \
      "You may not change users of the same or a higher role.")                                    \
    X(ROLE_TOO_HIGH, "无法创建权限大于等于自己的用户",                                             \
      "You may not create users of your own role or a higher one.")                                \
    X(ROOT_NOT_DISABLED, "无法禁用超级管理员用户", "The root user cannot be disabled.")            \
    X(ROOT_NOT_DELETED, "无法删除超级管理员用户", "The root user cannot be deleted.")              \
    X(ROOT_NOT_DEMOTED, "无法降级超级管理员用户", "The root user cannot be demoted.")              \
    X(PROMOTE_ROOT_ONLY, "普通管理员用户无法提升其他用户为管理员",                                 \
      "Only root may make administrators.")                                                        \
    X(ALREADY_ADMIN, "该用户已经是管理员", "This user is an administrator already.")               \
    X(ALREADY_COMMON, "该用户已经是普通用户", "This user is a common user already.")               \
    X(QUOTA_RANGE, "额度超出允许范围", "The quota is out of range.")                               \
    X(NOTIFY_TYPE, "无效的预警类型", "The kind of notification is not known.")                     \
    X(THRESHOLD, "预警阈值必须大于0", "The threshold must be greater than 0.")                     \
    X(WEBHOOK_EMPTY, "Webhook地址不能为空", "The webhook address must not be empty.")              \
    X(WEBHOOK_BAD, "无效的Webhook地址", "The webhook address is not valid.")                       \
    X(MAIL_BAD, "无效的邮箱地址", "The e-mail address is not valid.")                              \
    X(SETTING_SAVED, "设置已更新", "The settings are saved.")                                      \
    X(TRY_AGAIN, "请重试，系统生成的 UUID 竟然重复了！", "Please try again.")                      \
    X(AFF_MINIMUM, "转移额度最小为 {}", "The smallest amount is {}.")                              \
    X(AFF_NOT_ENOUGH, "邀请额度不足！", "The invitation quota is not enough.")                     \
    X(AFF_DONE, "划转成功", "The quota was transferred.")                                          \
    /* channels */                                                                                 \
    X(CHANNEL_NO_KEY, "empty slice found", "empty slice found")                                    \
    X(CHANNEL_EMPTY, "channel cannot be empty", "channel cannot be empty")                         \
    X(CHANNEL_MODE, "不支持的添加模式", "This mode of adding is not supported.")                   \
    X(CHANNEL_TOO_MANY, "一次添加的密钥过多", "Too many keys at once.")                            \
    X(CHANNEL_STATUS, "无效的渠道状态", "The channel's status is not valid.")                      \
    X(MODEL_NAME_LONG, "模型名称过长: {}", "The model name is too long: {}")                       \
    X(VERTEX_REGION, "部署地区不能为空", "The region must not be empty.")                          \
    X(VERTEX_DEFAULT, "部署地区必须是标准的Json格式，并包含default字段",                           \
      "The region must be a name or a JSON object with a member `default`.")                       \
    X(TAG_EMPTY, "tag不能为空", "The tag must not be empty.")                                      \
    X(TEST_RUNNING, "测试已在运行中", "A test of all channels is running already.")                \
    X(TEST_NOT_STARTED, "无法启动测试", "The test could not be started.")                          \
    X(COPY_SUFFIX, "_复制", "_copy")                                                               \
    X(NO_BASE_URL, "该渠道类型需要填写 Base URL", "A channel of this type needs a base URL.")      \
    X(FETCH_INVALID, "Invalid request", "Invalid request")                                         \
    X(FETCH_FAILED, "Failed to fetch models", "Failed to fetch models")                            \
    X(FETCH_GARBLED, "上游返回的模型列表无法解析", "The upstream's list of models is unreadable.") \
    /* tokens */                                                                                   \
    X(TOKEN_NAME_LONG, "令牌名称过长", "The name of the token is too long.")                       \
    X(TOKEN_EXPIRED, "令牌已过期，无法启用，请先修改令牌过期时间，或者设置为永不过期",             \
      "The token has expired. Change its expiry first.")                                           \
    X(TOKEN_EXHAUSTED, "令牌可用额度已用尽，无法启用，请先修改令牌剩余额度，或者设置为无限额度",   \
      "The token's quota is used up. Change its quota first.")                                     \
    X(TOKEN_QUOTA, "令牌额度超出允许范围", "The token's quota is out of range.")                   \
    X(TOKEN_LIMITS_LONG, "模型限制列表过长", "The list of models is too long.")                    \
    X(NO_TOKEN, "未提供令牌", "No token provided.")                                                \
    X(BAD_TOKEN, "无效的令牌", "The token is not valid.")                                          \
    X(KEY_EXHAUSTED, "该令牌额度已用尽 TokenStatusExhausted[sk-{}]",                               \
      "The token's quota is used up. TokenStatusExhausted[sk-{}]")                                 \
    X(KEY_EXPIRED, "该令牌已过期", "The token has expired.")                                       \
    X(KEY_UNUSABLE, "该令牌状态不可用", "The token is switched off.")                              \
    X(KEY_EMPTY, "[sk-{}] 该令牌额度已用尽", "[sk-{}] The token's quota is used up.")              \
    X(NO_CHANNEL_CHOICE, "普通用户不支持指定渠道", "Common users may not pick a channel.")         \
    /* options */                                                                                  \
    X(NEEDS_GITHUB,                                                                                \
      "无法启用 GitHub OAuth，请先填入 GitHub Client Id 以及 GitHub Client Secret！",              \
      "GitHub sign-in needs a client id and a client secret first.")                               \
    X(NEEDS_OIDC, "无法启用 OIDC 登录，请先填入 OIDC Client Id 以及 OIDC Client Secret！",         \
      "OIDC sign-in needs a client id and a client secret first.")                                 \
    X(NEEDS_LINUXDO,                                                                               \
      "无法启用 LinuxDO OAuth，请先填入 LinuxDO Client Id 以及 LinuxDO Client Secret！",           \
      "LinuxDO sign-in needs a client id and a client secret first.")                              \
    X(NEEDS_DOMAINS, "无法启用邮箱域名限制，请先填入限制的邮箱域名！",                             \
      "The restriction of mail domains needs a list of domains first.")                            \
    X(NEEDS_WECHAT, "无法启用微信登录，请先填入微信登录相关配置信息！",                            \
      "WeChat sign-in needs the address of its server first.")                                     \
    X(NEEDS_TURNSTILE, "无法启用 Turnstile 校验，请先填入 Turnstile 校验相关配置信息！",           \
      "The Turnstile check needs its site key first.")                                             \
    X(NEEDS_TELEGRAM, "无法启用 Telegram OAuth，请先填入 Telegram Bot Token！",                    \
      "Telegram sign-in needs the token of a bot first.")                                          \
    /* logs */                                                                                     \
    X(NO_TARGET_TIME, "target timestamp is required", "target timestamp is required")              \
    X(SPAN_TOO_LONG, "时间跨度不能超过 1 个月", "The time span must not exceed one month.")        \
    X(GROUP_OF_USER, "用户分组", "user group")

enum message {
#define X(name, zh, en) MSG_##name,
    MESSAGE_MAP(X)
#undef X
};

struct str message_text(enum message m, bool english);
/* Does the value of Accept-Language ask for English rather than Chinese? No preference, or neither
 * of the two: Chinese, as the original has it. */
bool message_prefers_english(struct str accept_language);
