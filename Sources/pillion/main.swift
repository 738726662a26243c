// The command line. Arguments come in, an exit status goes out; what is between lives in the layers below.
// Reading order: Verb (what a verb is), Verbs (the list), Arguments (text → typed values), Help, then Verbs/.
import Glibc
import System

StandardDescriptors.fill()
exit(runCommandLine(Array(CommandLine.arguments.dropFirst())).code)
