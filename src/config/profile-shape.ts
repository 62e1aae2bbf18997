import type { Field } from './shape.ts'

const model = { kind: 'written', as: 'model' } as const
const byName = 'or a mapping of passes to models, with `default` for the others'

/** The key `profiles`: what it holds is checked by runs/profiles/parse-profiles.ts. */
export const modelProfiles: Field = {
  shape: {
    kind: 'named',
    name: 'profile',
    of: {
      kind: 'map',
      keys: {
        default: {
          shape: model,
          meaning: 'The model of calls for which nothing below says another: `provider/model`, or a model that the catalog knows by name.',
          example: 'openai/gpt-4o-mini',
        },
        passes: {
          shape: { kind: 'written', as: 'passes to models' },
          meaning: 'Models by pass: `draft`, `refine`, or a name of yours.',
          example: '{ draft: gpt-4o-mini, refine: claude-opus-4-5 }',
        },
        roles: {
          shape: { kind: 'written', as: 'roles to models' },
          meaning: `Models by role: each a model, ${byName}.`,
          example: '{ director: openai/gpt-4o }',
        },
        stages: {
          shape: { kind: 'written', as: 'stages to models' },
          meaning: `Models by stage: each a model, ${byName}, and \`roles\` for roles within the stage.`,
          example: '{ review: { refine: gpt-4o, roles: { director: claude-opus-4-5 } } }',
        },
        step_down: {
          shape: {
            kind: 'map',
            keys: {
              to: { shape: { kind: 'text' }, meaning: 'The profile that takes over.', example: 'economy', required: true },
              at: {
                shape: { kind: 'amount', unit: 'a percent, like 80%' },
                meaning: 'From which percent of the limit on, of what is spent and presumed.',
                example: '80%',
                required: true,
              },
              budget: {
                shape: { kind: 'text' },
                meaning: 'The budget that is looked at; each that applies to the call unless one is named.',
                example: 'daily',
              },
            },
          },
          meaning: 'Another profile takes over while a budget is nearly used, and goes back in the next window.',
          example: '{ to: economy, at: 80% }',
        },
      },
    },
  },
  meaning:
    'Which models are used, by name of the profile. The most specific choice wins: stage with role and pass, stage with role, stage with pass, stage, role with pass, role, pass, default. Those of both files count, and of equal names the nearer one; see the guide to profiles.',
}
