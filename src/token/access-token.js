/** A verified access token (RFC 9068): who issued it, whom it is for, what it allows, and until when. */
export {};
