import { readConfig } from '../platform/process/config.ts';
import { startService } from '../platform/process/service.ts';
import { GatewayConfig } from './config.ts';
import { startGateway } from './gateway.ts';

await startService(() => startGateway(readConfig(GatewayConfig)));
