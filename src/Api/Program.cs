using Pipeline;
using Pipeline.Api;

HeapArenas.Limit();
return await ApiHost.RunAsync(args);
