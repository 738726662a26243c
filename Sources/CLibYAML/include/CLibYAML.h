#ifndef PILLION_CLIBYAML_H
#define PILLION_CLIBYAML_H
#include <yaml.h>
#endif
