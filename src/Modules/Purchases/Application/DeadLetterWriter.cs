using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using Pipeline.EventLog;
using Pipeline.Ingestion.Contracts;

namespace Pipeline.Purchases.Application;

/// <summary>Appends dead letters in portions that the log takes.</summary>
internal sealed class DeadLetterWriter(IEventLog log, ILogger<DeadLetterWriter> logger)
{
    /// <summary>
    /// The header of a letter whose payload was cut, because with the headers that explain it the log would not take it: the payload's length in
    /// bytes.
    /// </summary>
    internal const string CutHeader = "dead-letter-cut-from";

    private const int LettersPerAppend = 1_000;
    private const int BytesPerAppend = 4 << 20;
    private const int CutBytes = 64 << 10;

    private static readonly string _topic = Topics.DeadLetter(Topics.PurchasedItem);

    public async ValueTask WriteAsync(IReadOnlyList<NewRecord> letters, CancellationToken cancellationToken)
    {
        var portion = new List<NewRecord>();
        var bytes = 0L;
        foreach (var letter in letters)
        {
            portion.Add(letter);
            bytes += letter.Value.Length;
            if (portion.Count < LettersPerAppend && bytes < BytesPerAppend)
                continue;
            await AppendAsync([.. portion], cancellationToken);
            portion.Clear();
            bytes = 0;
        }

        if (portion.Count > 0)
            await AppendAsync([.. portion], cancellationToken);
        PurchasesTelemetry.DeadLetters.Add(letters.Count);
        Log.DeadLetters(logger, letters.Count, _topic);
    }

    private async ValueTask AppendAsync(NewRecord[] letters, CancellationToken cancellationToken)
    {
        try
        {
            await log.AppendAsync(_topic, letters, new RecordPosition[letters.Length], cancellationToken);
        }
        catch (TerminalException) when (letters.Length > 1)
        {
            foreach (var letter in letters)
                await AppendAsync([letter], cancellationToken);
        }
        catch (TerminalException) when (letters[0].Value.Length > CutBytes)
        {
            await AppendAsync([Cut(letters[0])], cancellationToken);
        }
    }

    private static NewRecord Cut(in NewRecord letter)
    {
        var length = Encoding.ASCII.GetBytes(letter.Value.Length.ToString(CultureInfo.InvariantCulture));
        return new NewRecord(letter.Key, letter.Value[..CutBytes], new RecordHeader[] { new(CutHeader, length) }.Concat(letter.Headers.ToArray()).ToArray());
    }
}
