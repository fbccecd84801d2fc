import { env } from 'node:process';

/**
 * Switches off the metrics that the constructor of @apollo/gateway sends to Apollo. It has no option for that, only this
 * variable, so this module must be imported before the constructor runs.
 */
env['APOLLO_TELEMETRY_DISABLED'] = 'true';
