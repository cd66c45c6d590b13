/** How a list of the engine stands. `late`: it is there and has not answered for a while; `no-engine`: it refused, or nothing is there. */
export type ListPhase = 'waiting' | 'live' | 'late' | 'no-engine';
