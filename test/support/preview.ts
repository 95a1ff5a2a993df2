/**
 * Pictures of generated recordings, to be looked at: writes SVGs into a folder.
 * npx esbuild test/support/preview.ts --bundle --platform=node --format=esm --packages=external --outfile=FOLDER/preview.mjs
 * node FOLDER/preview.mjs FOLDER
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { GraphView } from '../../src/graph/graphView.ts'
import { Layouter } from '../../src/layout/layout.ts'
import type { Tape } from '../../src/tape/tape.ts'
import { elkWorker } from './elkWorker.ts'
import { chain, mlp, neuron, transformer } from './tapes.ts'

const folder = process.argv[2] ?? 'preview'
mkdirSync(folder, { recursive: true })

/** Opens the groups whose titles begin as given, one after the other. */
async function draw(
  name: string,
  tape: Tape,
  open: string[] = [],
  direction: 'right' | 'down' = 'right',
): Promise<void> {
  const layouter = new Layouter(elkWorker)
  const graph = new GraphView(tape, layouter)
  const signal = new AbortController().signal
  let { first, final } = graph.scene({ direction }, signal)
  for (const title of open) {
    const item = first.title.findIndex(
      (known, i) => known.startsWith(title) && first.element[i]! < 0 && (first.flags[i]! & 4) === 0,
    )
    if (item < 0) throw new Error(`${name}: no closed group "${title}" among ${first.title.join(' | ')}`)
    ;({ first, final } = graph.scene({ open: [first.element[item]!] }, signal))
  }
  writeFileSync(join(folder, `${name}.first.svg`), graph.svg(tape.lastTick))
  const start = performance.now()
  const scene = await final
  const took = Math.round(performance.now() - start)
  writeFileSync(join(folder, `${name}.svg`), graph.svg(tape.lastTick))
  console.log(
    `${name}: ${scene.element.length} items, ${scene.edges.from.length} edges, ${Math.round(scene.width)} × ${Math.round(scene.height)}, ELK ${took} ms`,
  )
  layouter.dispose()
}

await draw('neuron', neuron())
await draw('neuron-down', neuron(), [], 'down')
await draw('mlp', mlp())
await draw('mlp-samples', mlp(), ['for row, y in zip'])
await draw('mlp-sample', mlp(), ['for row, y in zip', 'for row, y in zip', 'MLP.__call__'])
await draw('mlp-small', mlp({ samples: 1 }))
await draw('mlp-layer', mlp({ samples: 1 }), ['layers[1]'])
await draw('mlp-neuron', mlp({ samples: 1 }), ['layers[1]', 'neurons[0]'])
await draw('mlp-steps', mlp({ samples: 2, steps: 20, sizes: [2, 4, 1] }), ['for step'])
await draw('transformer', transformer())
await draw('transformer-blocks', transformer(), ['blocks'])
await draw('transformer-block', transformer(), ['blocks', 'blocks[0]'])
await draw('transformer-attention', transformer(2), ['blocks', 'blocks[0]', 'attn', 'q'])
await draw('transformer-whole', transformer(1))
await draw('transformer-down', transformer(), ['blocks'], 'down')
await draw('chain', chain(300), ['x * w'])
