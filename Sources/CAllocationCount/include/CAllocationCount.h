/* Counts the program's allocations, for `pillion bench` and for the meters of CWorkMeter. */
#ifndef PILLION_ALLOCATION_COUNT_H
#define PILLION_ALLOCATION_COUNT_H

/* Resets the counts and starts counting the allocations of this thread, or stops. Only one thread counts at a time. */
void count_allocations(int on);
/* The number of requested bytes, and of allocations, while counting; zero if a sanitizer replaces the allocator. */
unsigned long long allocated_bytes(void);
unsigned long long allocation_count(void);
/* Whether meters are charged. They are not if a sanitizer replaces the allocator. */
int allocations_are_counted(void);

#endif
