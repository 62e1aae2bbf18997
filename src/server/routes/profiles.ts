import { z } from 'zod'
import { profileJson } from '../../json/profile-json.ts'
import { profileInForceShape, profileListShape, profileUseShape } from '../../json/profile-shapes.ts'
import { authorOf, type Server, type ServerContext } from '../server-context.ts'

const project = z.string().min(1).describe('only for this project; for all that have none of their own unless given').optional()

/** Which models are used for which calls, and the profile in force. */
export function profileRoutes(app: Server, _context: ServerContext): void {
  app.get(
    '/profiles',
    {
      config: { right: 'see' },
      schema: { tags: ['profiles'], summary: 'Every profile, and which are in force.', response: { 200: profileListShape } },
    },
    async ({ purser: { profiles, catalog } }) => {
      const inForce = await profiles.inForce()
      const projects = Object.fromEntries(await profiles.projects())
      const all = profiles.list().map((profile) => profileJson(profile, catalog, Date.now()))
      return { inForce: inForce.name, by: inForce.by, projects, profiles: all }
    },
  )
  app.get(
    '/profiles/in-force',
    {
      config: { right: 'see' },
      schema: {
        tags: ['profiles'],
        summary: 'The profile in force, for a project or for all others.',
        querystring: z.strictObject({ project }),
        response: { 200: profileInForceShape },
      },
    },
    async ({ query, purser: { profiles } }) => {
      const { name, by } = await profiles.inForce(query.project)
      return { project: query.project ?? null, profile: name, by }
    },
  )
  app.put(
    '/profiles/in-force',
    {
      config: { right: 'manage' },
      schema: {
        tags: ['profiles'],
        summary: 'Puts a profile into force, from the next call on.',
        body: z.strictObject({
          profile: z.string().nullable().describe('null: as purser.yaml says again, or of a project as for all others'),
          project,
        }),
        response: { 200: profileUseShape },
      },
    },
    async ({ body: { profile, project: whose }, purser: { profiles }, principal }) => {
      const own = whose === undefined ? {} : { project: whose }
      const before = await profiles.use(profile, { ...own, author: authorOf({ principal }) })
      return { project: whose ?? null, before: before.name, after: (await profiles.inForce(whose)).name }
    },
  )
}
