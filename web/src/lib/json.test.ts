import { describe, expect, it } from 'vitest';
import { jsonFault, looseObject, prettyJson } from './json';

describe('jsonFault', () => {
  it.each([
    ['{"a":"b"}', 'strings', null],
    ['{"a":1}', 'strings', 'strings'],
    ['{"a":1}', 'object', null],
    ['[1]', 'array', null],
    ['{}', 'array', 'array'],
    ['{a:1}', 'object', 'syntax'],
  ] as const)('judges %s as %s', (text, shape, fault) => {
    expect(jsonFault(text, shape)).toBe(fault);
  });
});

describe('looseObject', () => {
  it('is empty for whatever is no object', () => {
    for (const text of ['', 'null', '[]', '3', '{', null, undefined]) expect(looseObject(text)).toEqual({});
    expect(looseObject('{"a":1}')).toEqual({ a: 1 });
  });
});

describe('prettyJson', () => {
  it('leaves other texts alone', () => {
    expect(prettyJson('{"a":1}')).toBe('{\n  "a": 1\n}');
    expect(prettyJson('{"a":')).toBe('{"a":');
  });
});
