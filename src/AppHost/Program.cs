#if ASPIRE
using Pipeline.AppHost;

await AspireStack.RunAsync(args);
#else
using Pipeline;
using Pipeline.AppHost;

HeapArenas.Limit();
return await AppHostCommand.InvokeAsync(args);
#endif
