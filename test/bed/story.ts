/**
 * For tests that are one story: each goes on where the one before ended, and none runs alone. A second try of one would
 * meet what the first one left, and pass or fail for another reason; so there is none.
 */
export const story = { retry: 0 } as const;
