import { describe, expect, it } from 'vitest';
import texts from '@/locales/en/settings.json';
import { optionFault } from './optionFault';
import { sections, type OptionField } from './optionFields';

const all = Object.values(sections).flat();

describe('option fields', () => {
  it('edits each option in one place only', () => {
    expect(new Set(all.map((field) => field.key)).size).toBe(all.length);
  });

  it.each(all.map((field) => field.text))('has a name and a help for %s', (text) => {
    expect(texts.option).toHaveProperty(text);
  });
});

describe('optionFault', () => {
  const table: OptionField = { key: 'GroupRatio', text: 'groupRatio', kind: { json: 'numbers' } };
  const count: OptionField = { key: 'RetryTimes', text: 'retryTimes', kind: 'integer', min: 0 };
  const unit: OptionField = { key: 'QuotaPerUnit', text: 'quotaPerUnit', kind: 'number', min: 1 };

  it.each([
    [table, '{"default": 1, "vip": 0.5}', null],
    [table, '{}', null],
    [table, '', 'syntax'],
    [table, '{"default": 1,}', 'syntax'],
    [table, '[1]', 'object'],
    [table, 'null', 'object'],
    [table, '{"default": "1"}', 'numbers'],
    [table, '{"default": -1}', 'negative'],
    [count, '3', null],
    [count, ' 3 ', null],
    [count, '3.5', 'number'],
    [count, 'three', 'number'],
    [count, '', 'number'],
    [count, '-1', 'tooSmall'],
    [unit, '500000', null],
    [unit, '0.5', 'tooSmall'],
    [unit, '1e6', 'number'],
  ])('judges %o with %s', (field, value, fault) => {
    expect(optionFault(field, value)).toBe(fault);
  });
});
