// A relying party on @simplewebauthn/server, with the routes and answers of its example server: one user, a session
// by cookie. It prints its port. Usage: node simplewebauthn.mjs FOLDER-OF-node_modules
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { randomUUID } from 'node:crypto';
import { pathToFileURL } from 'node:url';

const found = createRequire(pathToFileURL(process.argv[2] + '/')).resolve('@simplewebauthn/server');
const {
  generateRegistrationOptions, verifyRegistrationResponse, generateAuthenticationOptions, verifyAuthenticationResponse,
} = await import(pathToFileURL(found));

const rpID = 'localhost';
const credentials = [];
const challenges = new Map(); // by session
let origin = '';

const listed = () => credentials.map(({ id, transports }) => ({ id, transports }));

const routes = {
  'GET /generate-registration-options': async (session) => {
    const options = await generateRegistrationOptions({
      rpName: 'Example', rpID, userName: `user@${rpID}`, attestationType: 'none', excludeCredentials: listed(),
      authenticatorSelection: { residentKey: 'discouraged', userVerification: 'preferred' },
      supportedAlgorithmIDs: [-7, -257],
    });
    challenges.set(session, options.challenge);
    return options;
  },
  'POST /verify-registration': async (session, response) => {
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response, expectedChallenge: `${challenges.get(session)}`, expectedOrigin: origin, expectedRPID: rpID,
      requireUserVerification: false,
    });
    if (verified && !credentials.some(({ id }) => id === registrationInfo.credential.id)) {
      credentials.push({ ...registrationInfo.credential, transports: response.response.transports });
    }
    challenges.delete(session);
    return { verified };
  },
  'GET /generate-authentication-options': async (session) => {
    const options = await generateAuthenticationOptions({ rpID, allowCredentials: listed(), userVerification: 'preferred' });
    challenges.set(session, options.challenge);
    return options;
  },
  'POST /verify-authentication': async (session, response) => {
    const credential = credentials.find(({ id }) => id === response.id);
    if (!credential) throw new Error('Authenticator is not registered with this site');
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response, expectedChallenge: `${challenges.get(session)}`, expectedOrigin: origin, expectedRPID: rpID, credential,
      requireUserVerification: false,
    });
    if (verified) credential.counter = authenticationInfo.newCounter;
    challenges.delete(session);
    return { verified };
  },
};

const server = createServer(async (req, res) => {
  const session = /session=([\w-]+)/.exec(req.headers.cookie ?? '')?.[1] ?? randomUUID();
  const answer = (status, body) => {
    res.writeHead(status, { 'Content-Type': 'application/json', 'Set-Cookie': `session=${session}; Path=/; HttpOnly` });
    res.end(JSON.stringify(body));
  };
  try {
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    const body = chunks.length ? JSON.parse(Buffer.concat(chunks)) : undefined;
    answer(200, await routes[`${req.method} ${req.url}`](session, body));
  } catch (error) {
    answer(400, { error: error.message });
  }
});
server.listen(0, '127.0.0.1', () => {
  origin = `http://localhost:${server.address().port}`;
  console.log(server.address().port);
});
