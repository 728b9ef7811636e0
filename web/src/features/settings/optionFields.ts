import type { JsonShape } from '@/lib/json';

/** How an option is edited. The API keeps every value as text. */
export type OptionKind = 'text' | 'lines' | 'bool' | 'integer' | 'number' | 'quota' | JsonKind;
export interface JsonKind {
  json: JsonShape;
}

export interface OptionField {
  /** The option's key in the API. */
  key: string;
  /** Key of its name and help below `settings.option` in the texts. */
  text: string;
  kind: OptionKind;
  /** The least number that makes sense. */
  min?: number;
}

export const sectionNames = ['general', 'quota', 'prices', 'groups', 'relay', 'limits', 'logs'] as const;
export type SectionName = (typeof sectionNames)[number];

const numbers: JsonKind = { json: 'numbers' };

/** The options of each section. One that the server does not have is not shown. */
export const sections: Record<SectionName, OptionField[]> = {
  general: [
    { key: 'SystemName', text: 'systemName', kind: 'text' },
    { key: 'ServerAddress', text: 'serverAddress', kind: 'text' },
    { key: 'SelfUseModeEnabled', text: 'selfUse', kind: 'bool' },
    { key: 'DemoSiteEnabled', text: 'demoSite', kind: 'bool' },
  ],
  quota: [
    { key: 'QuotaForNewUser', text: 'quotaForNewUser', kind: 'quota', min: 0 },
    { key: 'PreConsumedQuota', text: 'preConsumed', kind: 'integer', min: 0 },
    { key: 'QuotaRemindThreshold', text: 'remindThreshold', kind: 'quota', min: 0 },
    { key: 'QuotaPerUnit', text: 'quotaPerUnit', kind: 'number', min: 1 },
    { key: 'DisplayInCurrencyEnabled', text: 'inCurrency', kind: 'bool' },
    { key: 'DisplayTokenStatEnabled', text: 'tokenStat', kind: 'bool' },
  ],
  prices: [
    { key: 'ModelRatio', text: 'modelRatio', kind: numbers },
    { key: 'CompletionRatio', text: 'completionRatio', kind: numbers },
    { key: 'CacheRatio', text: 'cacheRatio', kind: numbers },
    { key: 'ModelPrice', text: 'modelPrice', kind: numbers },
  ],
  groups: [
    { key: 'GroupRatio', text: 'groupRatio', kind: numbers },
    { key: 'UserUsableGroups', text: 'usableGroups', kind: { json: 'strings' } },
  ],
  relay: [
    { key: 'RetryTimes', text: 'retryTimes', kind: 'integer', min: 0 },
    { key: 'AutomaticDisableChannelEnabled', text: 'autoDisable', kind: 'bool' },
    { key: 'AutomaticEnableChannelEnabled', text: 'autoEnable', kind: 'bool' },
    { key: 'ChannelDisableThreshold', text: 'disableThreshold', kind: 'number', min: 0 },
    { key: 'AutomaticDisableKeywords', text: 'disableKeywords', kind: 'lines' },
    { key: 'global.pass_through_request_enabled', text: 'passThrough', kind: 'bool' },
    { key: 'global.chat_completions_to_responses_policy', text: 'chatToResponses', kind: { json: 'object' } },
  ],
  limits: [
    { key: 'ModelRequestRateLimitEnabled', text: 'rateLimit', kind: 'bool' },
    { key: 'ModelRequestRateLimitDurationMinutes', text: 'rateMinutes', kind: 'integer', min: 1 },
    { key: 'ModelRequestRateLimitCount', text: 'rateCount', kind: 'integer', min: 0 },
    { key: 'ModelRequestRateLimitSuccessCount', text: 'rateSuccess', kind: 'integer', min: 1 },
    { key: 'CheckSensitiveEnabled', text: 'checkSensitive', kind: 'bool' },
    { key: 'CheckSensitiveOnPromptEnabled', text: 'checkPrompt', kind: 'bool' },
    { key: 'SensitiveWords', text: 'sensitiveWords', kind: 'lines' },
  ],
  logs: [
    { key: 'LogConsumeEnabled', text: 'logConsume', kind: 'bool' },
    { key: 'DataExportEnabled', text: 'dataExport', kind: 'bool' },
    { key: 'DataExportInterval', text: 'dataInterval', kind: 'integer', min: 1 },
  ],
};
