#include "CStack.h"
