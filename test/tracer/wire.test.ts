/** The wire is written in Python and read in TypeScript: one schema. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { WIRE_MAGIC, WIRE_VERSION, wireTables } from '../../src/protocol/wire.ts'

test('both halves have the same tables and columns in the same order', () => {
  const module = fileURLToPath(new URL('../../src/tracer/python/wire.py', import.meta.url))
  const python = spawnSync('python3', [module], { encoding: 'utf8' })
  expect(JSON.parse(python.stdout)).toEqual({
    magic: WIRE_MAGIC,
    version: WIRE_VERSION,
    tables: Object.entries(wireTables).map(([name, columns]) => [name, Object.entries(columns)]),
  })
})
