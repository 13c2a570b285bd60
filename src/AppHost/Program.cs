using Pipeline.AppHost;

return await AppHostCommand.InvokeAsync(args);
