/* The wildcard names of model families. */
#include "model/snapshot.h"

static const struct {
    struct str starts, has, name;
} families[] = {
    {STR_INIT("gpt-4-gizmo"), STR_INIT(""), STR_INIT("gpt-4-gizmo-*")},
    {STR_INIT("gpt-4o-gizmo"), STR_INIT(""), STR_INIT("gpt-4o-gizmo-*")},
    /* The built-in price table has the preview name of this one only. */
    {STR_INIT("gemini-2.5-flash-lite-preview"), STR_INIT("-thinking-"),
     STR_INIT("gemini-2.5-flash-lite-preview-thinking-*")},
    {STR_INIT("gemini-2.5-flash-lite"), STR_INIT("-thinking-"),
     STR_INIT("gemini-2.5-flash-lite-thinking-*")},
    {STR_INIT("gemini-2.5-flash"), STR_INIT("-thinking-"), STR_INIT("gemini-2.5-flash-thinking-*")},
    {STR_INIT("gemini-2.5-pro"), STR_INIT("-thinking-"), STR_INIT("gemini-2.5-pro-thinking-*")},
};

struct str model_normalise(struct str model)
{
    if (model.n == 0 || model.p[0] != 'g')
        return model;
    for (size_t i = 0; i < ARRAY_LEN(families); i++) {
        if (str_starts(model, families[i].starts) && str_has(model, families[i].has))
            return families[i].name;
    }
    return model;
}
