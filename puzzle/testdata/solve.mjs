// Solves the work on stdin with altcha-lib: node solve.mjs LIBRARY KEY
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
const { solveChallenge, verifySolution } = await import(pathToFileURL(process.argv[2]))
const { algorithm, challenge, maxnumber, salt, signature } = JSON.parse(readFileSync(0, 'utf8'))
const found = await solveChallenge(challenge, salt, algorithm, maxnumber).promise
const solution = { algorithm, challenge, number: found?.number, salt, signature, took: found?.took }
const Payload = Buffer.from(JSON.stringify(solution)).toString('base64')
const Verified = await verifySolution(Payload, process.argv[3], false)
console.log(JSON.stringify({ Payload, Verified }))
