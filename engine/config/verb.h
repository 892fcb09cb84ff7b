/* The verbs of the command language. */
#ifndef LOADTOP_ENGINE_CONFIG_VERB_H
#define LOADTOP_ENGINE_CONFIG_VERB_H

enum verb {
    VERB_THREADS,
    VERB_CLIENTS,
    VERB_CONNECTIONS,
    VERB_DEPTH,
    VERB_RATE, /* amount */
    VERB_PATTERN,
    VERB_OPS,
    VERB_SET,
    VERB_PAUSE,
    VERB_RESUME,
    VERB_STOP,
    VERB_START,
    VERB_ADD,
    VERB_REMOVE,
    VERB_PAUSE_ALL,
    VERB_RESUME_ALL,
    VERB_UNDO,
    VERB_LOCK,
    VERB_UNLOCK,
    VERB_SWEEP,
    VERB_SWEEP_STOP,
    VERB_MARK,
    VERB_SCREENSHOT,
    VERB_REPORT,
    VERB_BASELINE,
    VERB_THEME,
    VERB_QUIT,
    VERBS
};

/* For completion and help: name, form, one sentence. Ends with a NULL name. */
struct verb_help {
    const char *name, *form, *help;
    enum verb verb;
};
extern const struct verb_help verb_table[];

#endif
