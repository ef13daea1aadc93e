// Package pdf draws the pages of a PDF that a stranger has sent. The file is the most hostile thing that comes in: a
// program in itself, whose readers have had a fault every month for thirty years. So nothing here reads it in the
// process that asks. The program starts itself anew for one file, and gets pictures back.
//
//	Renderer.Draw ──file──► a process of its own (Serve) ──pages, a PNG each──► its caller, who trusts none of them
//	                         │
//	                         └ PDFium as WebAssembly: its memory is an array, and it has no file, no socket, no clock of ours
//
// # What holds that process
//
//	its memory       256 MB of PDFium's, 1 GB of all that it may write to (RLIMIT_DATA); the kernel ends it before others
//	its time         a minute of CPU (RLIMIT_CPU), at a low priority (nice 5); its caller ends it at a deadline
//	what it reads    its standard input; no file may be opened, no socket, no program started (seccomp, on Linux)
//	what it knows    no argument but its own name, and no environment
//	what it says     as many pages as were asked for, of bounded pixels
//
// The process ends with its file: what it took goes back to the machine, and what a file has done to it ends there.
//
// # The wire
//
//	in    most pages, 4 bytes │ the file, to the end
//	out   kind, 1 byte │ length, 4 bytes │ body      page: a PNG; fault: why there are none; end: that was all
//
// What ends without a fault or the end is no answer: its pages count for nothing.
//
// # What is drawn
//
// The pages as a viewer shows them, with what is written into forms and beside the text. Scripts do not run (this
// PDFium has no interpreter for them), files inside stay where they are, and of a form that is only there as XFA its
// page says what viewers without XFA say.
package pdf
