import { z } from 'zod'
import type { Author } from '../../facade/access/change-document.ts'
import { runShape } from '../../json/run-shapes.ts'
import { runJson } from '../../json/run-state-json.ts'
import type { Purser } from '../../purser.ts'
import type { CapInput } from '../../runs/cap.ts'
import type { Run } from '../../runs/run.ts'
import { authorOf, type Server } from '../server-context.ts'

const tags = ['runs']
const params = z.strictObject({ id: z.string().min(1).max(200) })
const config = { right: 'book' } as const

const amount = z.union([z.string(), z.number()])
const cap = z.union([amount, z.strictObject({ cost: amount, tokens: z.int().min(0), calls: z.int().min(0) }).partial()])
const raiseInput = z.union([
  z.strictObject({ by: cap.describe('so much more: dollars, or amounts by metric') }),
  z.strictObject({ to: cap.describe('so much in all') }),
])

/** What somebody asks of a run that is planned, waits or is executed. */
export function steeringRoutes(app: Server): void {
  const steer = (name: string, summary: string, act: (purser: Purser, id: string, author: Author) => Promise<Run>): void => {
    app.post(
      `/runs/:id/${name}`,
      { config, schema: { tags, summary, params, response: { 200: runShape } } },
      async ({ params: asked, purser, principal }) => {
        return runJson(await act(purser, (asked as z.infer<typeof params>).id, { author: authorOf({ principal }) }))
      },
    )
  }
  steer('pause', 'Pauses a run before its next stage; it stays so until it is resumed.', ({ runs }, id, author) => runs.pause(id, author))
  steer('resume', 'Lets a paused run go on: at once where its program waits, else when that runs it again.', ({ runs }, id, author) =>
    runs.resume(id, author),
  )
  steer('stop', 'Ends a run before its next stage, for good.', ({ runs }, id, author) => runs.stop(id, author))
  steer('terminate', 'Ends a run at once: its calls in flight are aborted.', ({ runs }, id, author) => runs.terminate(id, author))
  steer('approve', 'Lets a planned run that waits for it begin.', ({ runs }, id, author) => runs.approve(id, author))
  app.post(
    '/runs/:id/decline',
    {
      config,
      schema: {
        tags,
        summary: 'Ends a planned run that waits to be approved, for good.',
        params,
        body: z.strictObject({ reason: z.string().max(500).optional() }).nullish(),
        response: { 200: runShape },
      },
    },
    async ({ params: { id }, body, purser, principal }) => {
      const { reason } = body ?? {}
      const said = { author: authorOf({ principal }), ...(reason !== undefined && { reason }) }
      return runJson(await purser.runs.decline(id, said))
    },
  )
  app.post(
    '/runs/:id/raise',
    {
      config,
      schema: { tags, summary: 'Gives a run more to spend than its own cap says.', params, body: raiseInput, response: { 200: runShape } },
    },
    async ({ params: { id }, body, purser, principal }) => {
      const asked = body as { readonly to: CapInput } | { readonly by: CapInput }
      return runJson(await purser.runs.raise(id, asked, { author: authorOf({ principal }) }))
    },
  )
}
