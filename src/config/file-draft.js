/** As much of a configuration file as could be read: what the checks over several entries look at. */
export {};
