import { startSimulator } from '../openclaw-simulator/simulator.ts';
import { startReceiver } from './receiver.ts';
import { AGENTS, SESSION_KEY_PREFIXES, type Subject } from './subject.ts';

const SECRET = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
const ADMISSION_TIMEOUT_MS = 1500;

/** Starts the simulator with shortened times, so that the suite takes seconds. */
export async function startSimulatorSubject(): Promise<Subject> {
  const receiver = await startReceiver(SECRET);
  const simulator = await startSimulator({
    callbackUrl: receiver.url,
    callbackSecret: SECRET,
    agents: AGENTS,
    allowedSessionKeyPrefixes: SESSION_KEY_PREFIXES,
    delayMs: 0,
    modelRetryMs: 5,
    admissionTimeoutMs: ADMISSION_TIMEOUT_MS,
    timeoutSecondMs: 100,
    callbackRetryFirstMs: 20,
    callbackDrainMs: 100,
  });
  return {
    name: 'simulator',
    url: simulator.url,
    hooksToken: simulator.hooksToken,
    gatewayToken: simulator.gatewayToken,
    receiver,
    admissionTimeoutMs: ADMISSION_TIMEOUT_MS,
    settleMs: 60,
    modelCalls(sessionKey) {
      const runs = Object.entries(simulator.state().runsStarted);
      return runs.find(([fullKey]) => fullKey.endsWith(`:${sessionKey}`))?.[1] ?? 0;
    },
    restart: (signal) =>
      simulator.restart(signal === 'SIGTERM' ? { drain: true } : { downMs: 50, recover: true }),
    async close() {
      await simulator.stop();
      await receiver.stopListening();
    },
  };
}
