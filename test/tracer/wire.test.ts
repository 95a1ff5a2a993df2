/** The wire is written in Python and read in TypeScript: one schema. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { WIRE_MAGIC, WIRE_VERSION, wireTables } from '../../src/protocol/wire.ts'

const module = fileURLToPath(new URL('../../src/tracer/python/wire.py', import.meta.url))

test('both halves have the same tables and columns in the same order', () => {
  const python = spawnSync('python3', [module], { encoding: 'utf8' })
  expect(JSON.parse(python.stdout)).toEqual({
    magic: WIRE_MAGIC,
    version: WIRE_VERSION,
    tables: Object.entries(wireTables).map(([name, columns]) => [name, Object.entries(columns)]),
  })
})

test('a few rows of any table are packed as many are', () => {
  const check = `
import runpy
wire = runpy.run_path(${JSON.stringify(module)})
writer = wire['Writer'](None)
for table, (number, layout, width) in writer._layouts.items():
    for count in range(1, wire['_FEW'] + 1):
        rows = [(7 * i) % 100 for i in range(width * count)]
        columns = [rows[place::width] for place in range(width)]
        blocks = b''.join(wire['_block'](number, count, layout, columns))
        assert wire['_packer'](number, count, layout, width)(rows) == blocks, (table, count)
print(len(writer._layouts))
`
  const python = spawnSync('python3', ['-c', check], { encoding: 'utf8' })
  expect(python.stderr).toBe('')
  // All but the texts.
  expect(Number(python.stdout)).toBe(Object.keys(wireTables).length - 1)
})
