// The command line. In: arguments. Out: an exit status. The work is done by the layers below. Reading order: Verb (one
// verb), Verbs (the list), Arguments (text → typed values), Help, then Verbs/.
import Glibc
import System

StandardDescriptors.fill()
exit(runCommandLine(Array(CommandLine.arguments.dropFirst())).code)
