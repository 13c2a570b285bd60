using Pipeline;
using Pipeline.Hosting;

HeapArenas.Limit();
var builder = WebApplication.CreateBuilder(args);
builder.AddPipeline("api");
var app = builder.Build();
app.MapPipeline();
await app.RunAsync();
