import { api } from '@/api/api';

/** A program that works on the same database, as its last heart-beat told. Those of other programs tell less. */
export interface ServerNode {
  name: string;
  state: 'online' | 'lost' | 'stopped';
  /** The one that has answered. */
  self: boolean;
  version: string;
  address: string;
  type: 'master' | 'slave' | '';
  redis: 'up' | 'down' | 'none' | '';
  started_at: number;
  last_seen_at: number;
  /** What it alone does at present. */
  jobs: string[];
  load: { open_requests?: number; cpu_percent?: number; memory_bytes?: number; load_1m?: number };
}

export const nodesApi = api.injectEndpoints({
  endpoints: (build) => ({
    getNodes: build.query<ServerNode[], void>({
      query: () => ({ url: '/api/node/' }),
      transformResponse: (nodes: ServerNode[] | null) => nodes ?? [],
    }),
  }),
});

export const { useGetNodesQuery } = nodesApi;
