#ifndef PILLION_CALLOCATIONCOUNT_H
#define PILLION_CALLOCATIONCOUNT_H

/* Bytes that the calling thread has asked malloc for since it began, and how often. */
unsigned long long allocated_bytes(void);
unsigned long long allocation_count(void);

#endif
