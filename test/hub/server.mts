/** A hub in a process of its own, for tests that kill it: `server.mts DIRECTORY`; its URL is the first line it prints. */
import { startHub } from '../../src/hub/hub.js';

const [, , directory = ''] = process.argv;
const { url } = await startHub({ directory });
console.log(url);
