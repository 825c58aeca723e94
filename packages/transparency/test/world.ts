export * from '@coffer/transparency/testing';
