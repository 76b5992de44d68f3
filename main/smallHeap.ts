import { keepHeapSmall } from './system/heap.ts';

// Imported before everything else, by whoever is a program of its own.
keepHeapSmall();
