#!/usr/bin/env node
// Old syntax throughout, so that a Node that is too old reads this far and can say so.
'use strict'

var needed = 24
var found = Number(process.versions.node.split('.')[0])

if (found < needed) {
  var advice = 'Install a current Node: https://nodejs.org'
  process.stderr.write('purser: Node ' + needed + ' or newer is needed, and this is Node ' + process.versions.node + '. ' + advice + '\n')
  process.exitCode = 2
} else if (process.argv.length === 3 && (process.argv[2] === '--version' || process.argv[2] === '-V')) {
  process.stdout.write(require('../package.json').version + '\n')
} else {
  start()
}

function start() {
  // NO_COLOR wins, and Node would warn where it finds both.
  if (process.env.NO_COLOR) delete process.env.FORCE_COLOR
  require('node:module').enableCompileCache()
  // A checkout runs its sources, so that a build of before never answers in their place. The package has none of them.
  var sources = require('node:path').join(__dirname, '..', 'src', 'cli', 'main.ts')
  var useSources = process.env.PURSER_BUILT !== '1' && require('node:fs').existsSync(sources)
  require(useSources ? sources : '../dist/cli/main.js').main(process.argv.slice(2))
}
