import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { referenceFolder, referencePages } from '../../scripts/build-reference.ts'

test('the reference is as the program is; `npm run build:reference` writes it', async () => {
  for (const [name, text] of Object.entries(await referencePages())) expect(readFileSync(join(referenceFolder, name), 'utf8')).toBe(text)
})
