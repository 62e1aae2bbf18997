import { z } from 'zod'
import { roles } from '../../access/roles.ts'
import { PurserError } from '../../errors.ts'
import { memberJson } from '../../json/access-json.ts'
import { memberListShape, memberShape } from '../../json/access-shapes.ts'
import { authorOf, type Server, type ServerContext } from '../server-context.ts'

type MemberJson = z.infer<typeof memberShape>

const tags = ['members']
const params = z.strictObject({ id: z.string().min(1).max(200) })

const memberInput = z.strictObject({
  name: z.string().min(1).optional(),
  role: z.enum(roles).optional(),
  labels: z.record(z.string(), z.string()).describe('user=ID unless said otherwise; of an admin none').optional(),
  notificationEmail: z.string().nullable().optional(),
})

/** Those who use the ledger. */
export function memberRoutes(app: Server, { whole }: ServerContext): void {
  app.get(
    '/members',
    { config: { right: 'manage' }, schema: { tags, summary: 'All members.', response: { 200: memberListShape } } },
    async ({ purser }) => (await purser.access.members.list()).map((member) => memberJson(member) as MemberJson),
  )
  app.get(
    '/members/me',
    { config: { right: 'enter' }, schema: { tags, summary: 'The member who asks.', response: { 200: memberShape } } },
    async ({ principal }) => {
      if (principal.member === null)
        throw new PurserError('PURSER_NOT_FOUND', `${principal.name} is no member. \`session\` tells who asks.`)
      // Members are no part of a confined ledger, and everybody may know themselves.
      return memberJson(await whole.access.members.get(principal.member)) as MemberJson
    },
  )
  app.get(
    '/members/:id',
    { config: { right: 'manage' }, schema: { tags, summary: 'One member.', params, response: { 200: memberShape } } },
    async ({ params: { id }, purser }) => memberJson(await purser.access.members.get(id)) as MemberJson,
  )
  app.put(
    '/members/:id',
    {
      config: { right: 'manage' },
      schema: {
        tags,
        summary: 'Adds a member, or changes one; what is left out stays as it is.',
        params,
        body: memberInput,
        response: { 200: memberShape },
      },
    },
    async ({ params: { id }, body, purser, principal }) => {
      if (id === 'me') throw new PurserError('PURSER_BAD_ARGUMENT', 'A member cannot be called "me", which stands for whoever asks.')
      const { name, role, labels, notificationEmail } = body
      const said = {
        ...(name !== undefined && { name }),
        ...(role !== undefined && { role }),
        ...(labels !== undefined && { labels }),
        ...(notificationEmail !== undefined && { notificationEmail }),
      }
      return memberJson(await purser.access.members.set(id, { ...said, author: authorOf({ principal }) })) as MemberJson
    },
  )
  app.delete(
    '/members/:id',
    {
      config: { right: 'manage' },
      schema: { tags, summary: 'Takes a member away, whose keys open nothing from now on.', params, response: { 200: memberShape } },
    },
    async ({ params: { id }, purser, principal }) =>
      memberJson(await purser.access.members.remove(id, { author: authorOf({ principal }) })) as MemberJson,
  )
}
