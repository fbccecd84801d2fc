import { env } from 'node:process';

/**
 * Imported before @apollo/gateway is used: its constructor sends metrics to Apollo unless this variable says no, and
 * takes no option for it. No operator of Team Board has to know that.
 */
env['APOLLO_TELEMETRY_DISABLED'] = 'true';
