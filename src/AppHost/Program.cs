using Pipeline;
using Pipeline.AppHost;

HeapArenas.Limit();
return await AppHostCommand.InvokeAsync(args);
