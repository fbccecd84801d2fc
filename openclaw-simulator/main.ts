import { readConfig } from '../platform/process/config.ts';
import { createLog } from '../platform/process/log.ts';
import { explainListenError, type RunningService, startService } from '../platform/process/service.ts';
import { Config } from './config.ts';
import { startSimulator } from './simulator.ts';

const CALLBACK_DRAIN_SECONDS = 10;

async function start(): Promise<RunningService> {
  const config = readConfig(Config);
  const log = createLog('openclaw-simulator', config.LOG_LEVEL);
  const drainSeconds = config.OPENCLAW_SIMULATOR_DRAIN_SECONDS;
  const answer = config.OPENCLAW_SIMULATOR_ANSWER;
  const simulator = await startSimulator({
    host: config.OPENCLAW_SIMULATOR_HOST,
    port: config.OPENCLAW_SIMULATOR_PORT,
    hooksToken: config.OPENCLAW_HOOKS_TOKEN,
    gatewayToken: config.OPENCLAW_GATEWAY_TOKEN,
    callbackUrl: config.OPENCLAW_CALLBACK_URL ?? null,
    callbackSecret: config.OPENCLAW_CALLBACK_SECRET,
    agents: config.OPENCLAW_SIMULATOR_AGENTS,
    delayMs: config.OPENCLAW_SIMULATOR_DELAY_MS,
    ...(answer === undefined ? {} : { answer }),
    drainMs: drainSeconds * 1000,
    callbackDrainMs: CALLBACK_DRAIN_SECONDS * 1000,
    log,
  }).catch((error: unknown) => {
    throw explainListenError(error, 'OPENCLAW_SIMULATOR_PORT', config.OPENCLAW_SIMULATOR_PORT);
  });
  log.info({ url: simulator.url }, 'simulator.listening');
  return {
    log,
    // `stop` ends after both drain times at the latest; one more second lets it close its sockets.
    shutdownSeconds: drainSeconds + CALLBACK_DRAIN_SECONDS + 1,
    close: () => simulator.stop({ drain: true }),
  };
}

await startService(start);
