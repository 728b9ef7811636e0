// A disk that is full.
import assert from 'node:assert/strict';
import { closeSync, openSync, writeSync } from 'node:fs';

// Takes what is free on the file system with a file of this name.
export function fillDisk(file) {
  const fd = openSync(file, 'w');
  const block = Buffer.alloc(4096);
  try {
    for (;;) writeSync(fd, block);
  } catch (error) {
    assert.equal(error.code, 'ENOSPC');
  } finally {
    closeSync(fd);
  }
}
