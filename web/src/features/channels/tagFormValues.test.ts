import { describe, expect, it } from 'vitest';
import { editsNothing, tagEditOf, tagValuesOf } from './tagFormValues';

const values = tagValuesOf('blue');

describe('the form of a tag', () => {
  it('sends nothing when nothing was filled in', () => {
    const edit = tagEditOf('blue', { ...values, model_mapping: '  ' });
    expect(edit).toEqual({ tag: 'blue' });
    expect(editsNothing(edit)).toBe(true);
  });

  it('sends what was filled in, a zero, too', () => {
    const edit = tagEditOf('blue', { ...values, priority: 0, weight: 3, models: ['a', ' b ', 'a'], groups: ['vip'], header_override: ' {} ' });
    expect(edit).toEqual({ tag: 'blue', priority: 0, weight: 3, models: 'a,b', groups: 'vip', header_override: '{}' });
    expect(editsNothing(edit)).toBe(false);
  });

  it('renames a tag, or takes it away', () => {
    expect(tagEditOf('blue', { ...values, new_tag: ' red ' })).toEqual({ tag: 'blue', new_tag: 'red' });
    expect(tagEditOf('blue', { ...values, new_tag: ' ' })).toEqual({ tag: 'blue', new_tag: '' });
  });
});
