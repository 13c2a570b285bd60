using Pipeline.Workers.CommandLine;

return await WorkersCommandLine.InvokeAsync(args);
