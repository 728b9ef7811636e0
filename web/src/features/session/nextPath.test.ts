import { describe, expect, it } from 'vitest';
import { nextPath } from './nextPath';

describe('nextPath', () => {
  it.each([
    ['?next=%2Flog%3Ftype%3D2', '/log?type=2'],
    ['', '/detail'],
    ['?next=https%3A%2F%2Fevil.example', '/detail'],
    ['?next=%2F%2Fevil.example', '/detail'],
    ['?next=%2F%5Cevil.example', '/detail'],
  ])('goes from %s to %s', (search, path) => {
    expect(nextPath(search)).toBe(path);
  });
});
