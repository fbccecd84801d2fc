import { readConfig } from '../platform/config.ts';
import { startService } from '../platform/service.ts';
import { GatewayConfig } from './config.ts';
import { startGateway } from './gateway.ts';

await startService(() => startGateway(readConfig(GatewayConfig)));
