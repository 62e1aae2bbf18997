import { z } from 'zod'
import { roles } from '../../access/roles.ts'
import type { NewKey } from '../../facade/access/key-book.ts'
import { keyJson } from '../../json/access-json.ts'
import { keyListShape, keyShape, newKeyShape } from '../../json/access-shapes.ts'
import { authorOf, type Server, type ServerContext } from '../server-context.ts'

type KeyJson = z.infer<typeof keyShape>

const config = { right: 'manage' } as const
const tags = ['keys']
const params = z.strictObject({ id: z.string().min(1).max(200) })

const keyInput = z.strictObject({
  name: z.string().min(1).max(200).describe('for people, such as ci'),
  role: z.enum(roles).optional(),
  labels: z.record(z.string(), z.string()).describe('what it books and sees carries these').optional(),
  member: z.string().min(1).describe('whose key it is: role and labels are those of the member').optional(),
})

/** The keys of the ledger; the text of one is told once, where it is made. */
export function keyRoutes(app: Server, _context: ServerContext): void {
  app.get(
    '/keys',
    { config, schema: { tags, summary: 'All keys, also those that were revoked, without their text.', response: { 200: keyListShape } } },
    async ({ purser }) => (await purser.access.keys.list()).map((key) => keyJson(key) as KeyJson),
  )
  app.post(
    '/keys',
    { config, schema: { tags, summary: 'Makes a key, and tells its text once.', body: keyInput, response: { 201: newKeyShape } } },
    async ({ body: { name, role, labels, member }, purser, principal }, reply) => {
      const said = {
        name,
        ...(role !== undefined && { role }),
        ...(labels !== undefined && { labels }),
        ...(member !== undefined && { member }),
      }
      const made = await purser.access.keys.create({ ...said, author: authorOf({ principal }) })
      return reply.status(201).header('cache-control', 'no-store').send(newKeyJson(made))
    },
  )
  app.delete(
    '/keys/:id',
    { config, schema: { tags, summary: 'Revokes a key: from now on it opens nothing.', params, response: { 200: keyShape } } },
    async ({ params: { id }, purser, principal }) =>
      keyJson(await purser.access.keys.revoke(id, { author: authorOf({ principal }) })) as KeyJson,
  )
  app.post(
    '/keys/:id/rotate',
    { config, schema: { tags, summary: 'A new key in the place of one, which is revoked.', params, response: { 201: newKeyShape } } },
    async ({ params: { id }, purser, principal }, reply) => {
      const made = await purser.access.keys.rotate(id, { author: authorOf({ principal }) })
      return reply.status(201).header('cache-control', 'no-store').send(newKeyJson(made))
    },
  )
}

function newKeyJson({ key, text }: NewKey): z.infer<typeof newKeyShape> {
  return { key: keyJson(key) as KeyJson, text }
}
