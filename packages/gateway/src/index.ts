export * from './dev-issuer.js';
export * from './errors.js';
export { createGateway, type Gateway, type GatewayOptions, type Peer } from './gateway.js';
export * from './http-agent-routes.js';
export * from './limits.js';
export * from './ports.js';
export * from './serve.js';
export * from './statuses.js';
export * from './token-verifier.js';
