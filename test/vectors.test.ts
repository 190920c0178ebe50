import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import { ownVectors, runVectorFile, suiteOf, vectorFiles } from './vectors.js';

describe('every case of a vector file holds', async () => {
  for (const file of await vectorFiles(ownVectors)) {
    test.skipIf(!suiteOf(file))(file, { timeout: 120_000 }, async () => {
      const { passed, skipped, failures } = await runVectorFile(ownVectors, file);
      assert.deepEqual(failures, []);
      assert.equal(skipped, 0, 'cases without a check');
      assert.ok(passed > 0, 'no case at all');
    });
  }
});
