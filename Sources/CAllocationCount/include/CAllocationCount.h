/* Counts what this program allocates: for `pillion bench`, and for the meters of CWorkMeter. */
#ifndef PILLION_ALLOCATION_COUNT_H
#define PILLION_ALLOCATION_COUNT_H

/* Sets the counts to zero and counts what this thread allocates from now on, or stops. One thread counts at a time. */
void count_allocations(int on);
/* Bytes that were asked for, and how often, while it counted; zero where a sanitizer owns the allocator. */
unsigned long long allocated_bytes(void);
unsigned long long allocation_count(void);
/* Whether meters are charged: not where a sanitizer owns the allocator. */
int allocations_are_counted(void);

#endif
