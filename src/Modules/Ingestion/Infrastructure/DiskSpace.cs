using System.Globalization;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Pipeline.Ingestion.Infrastructure;

/// <summary>
/// Watches the room on the disk that log and lake are on. What is accepted must still be stored, counted and landed, so nothing more is taken while that disk is nearly full.
/// </summary>
internal sealed class DiskSpace : BackgroundService
{
    private static readonly TimeSpan _interval = TimeSpan.FromSeconds(1);

    private readonly IngestionOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<DiskSpace> _logger;
    private volatile string? _shortage;

    public DiskSpace(IOptions<IngestionOptions> options, TimeProvider time, ILogger<DiskSpace> logger)
    {
        _options = options.Value;
        _time = time;
        _logger = logger;
    }

    /// <summary>What is short, in a sentence; null while there is room enough, or nothing is watched.</summary>
    public string? Shortage => _shortage;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (_options.DiskFolder is not { } folder || _options.MinFreeBytes == 0)
            return;
        using var timer = new PeriodicTimer(_interval, _time);
        do
        {
            Look(folder);
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private void Look(string folder)
    {
        try
        {
            var free = new DriveInfo(folder).AvailableFreeSpace;
            var shortage = free >= _options.MinFreeBytes
                ? null
                : string.Create(CultureInfo.InvariantCulture,
                    $"The disk is nearly full: {free >> 20} MiB are free, {_options.MinFreeBytes >> 20} MiB must be. It goes on when there is space again.");
            if (shortage is not null && _shortage is null)
                Log.DiskShort(_logger, folder, free, _options.MinFreeBytes);
            else if (shortage is null && _shortage is not null)
                Log.DiskLarge(_logger, folder, free);
            _shortage = shortage;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            Log.DiskUnknown(_logger, folder, e.Message);
        }
    }
}
