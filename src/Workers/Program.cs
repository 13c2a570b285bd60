using Pipeline.Workers;
using Pipeline.Workers.CommandLine;

return await WorkersCommandLine.InvokeAsync(args, WorkersHost.RunAsync);
