import { describe, expect, it } from 'vitest';
import { isApiError, readReply } from './envelope';

describe('readReply', () => {
  it('opens a good envelope', () => {
    expect(readReply(200, '{"success":true,"message":"","data":[1]}')).toEqual({
      envelope: { success: true, message: '', data: [1] },
    });
  });

  it('takes an envelope without message or data', () => {
    expect(readReply(200, '{"success":true}')).toEqual({ envelope: { success: true } });
  });

  it('keeps what stands beside the data', () => {
    expect(readReply(200, '{"success":true,"message":"","time":0.5}')).toEqual({
      envelope: { success: true, message: '', time: 0.5 },
    });
  });

  it('makes a refusal of success false, with the body', () => {
    expect(readReply(200, '{"success":false,"message":"no","time":1.5}')).toEqual({
      error: { kind: 'refused', status: 200, message: 'no', body: { success: false, message: 'no', time: 1.5 } },
    });
  });

  it.each([
    [401, '{"success":false,"message":"who?"}', 'unauthorized', 'who?'],
    [429, '', 'limited', ''],
    [400, '{"success":false,"message":"bad"}', 'refused', 'bad'],
    [404, '{"error":{"message":"Invalid URL (GET /api/x)"}}', 'refused', 'Invalid URL (GET /api/x)'],
    [500, '{"error":{"message":"broke","type":"new_api_panic"}}', 'server', 'broke'],
    [502, '<html>Bad Gateway</html>', 'server', ''],
    [200, '<html>a proxy</html>', 'garbled', ''],
    [200, '', 'garbled', ''],
    [200, 'null', 'garbled', ''],
    [200, '{"error":{"message":"db"}}', 'garbled', 'db'],
  ])('sorts %i %s', (status, text, kind, message) => {
    const reply = readReply(status, text);
    expect(reply).toHaveProperty('error.kind', kind);
    expect(reply).toHaveProperty('error.message', message);
    expect(reply).toHaveProperty('error.status', status);
  });
});

describe('isApiError', () => {
  it('knows its own', () => {
    expect(isApiError({ kind: 'network', status: 0, message: '' })).toBe(true);
    expect(isApiError(new Error('x'))).toBe(false);
    expect(isApiError(undefined)).toBe(false);
  });
});
