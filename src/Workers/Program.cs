using Pipeline;
using Pipeline.Workers;
using Pipeline.Workers.CommandLine;

HeapArenas.Limit();
return await WorkersCommandLine.InvokeAsync(args, WorkersHost.RunAsync);
